// Sends one request to a bridge, signed by the npm package `http-message-signatures`, and prints status and body.
//
// Usage: node sign.mjs URL USER SECRET METHOD TARGET [BODY]

import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { createRequire } from "node:module";

// Beside where it was installed, which is not where this file lies.
const { createSigner, httpbis } = createRequire(`${process.cwd()}/`)("http-message-signatures");

const [url, user, secret, method, target, body] = process.argv.slice(2);
const address = new URL(url);
const headers = { host: address.host };
const fields = ["@method", "@path", "@authority"];
if (target.includes("?")) fields.push("@query");
if (body !== undefined) {
  const digest = createHash("sha256").update(body).digest("base64");
  Object.assign(headers, { "content-type": "application/json", "content-digest": `sha-256=:${digest}:` });
  fields.push("content-digest", "content-type");
}
const signed = await httpbis.signMessage(
  {
    key: createSigner(Buffer.from(secret), "hmac-sha256", user),
    name: "javascript",
    fields,
    params: ["created", "keyid", "alg", "nonce"],
    paramValues: { created: new Date(), nonce: randomBytes(16).toString("hex") },
  },
  { method, url: url + target, headers },
);
const request = http.request({ host: address.hostname, port: address.port, method, path: target, headers: signed.headers });
request.on("response", async (answer) => {
  let text = "";
  for await (const chunk of answer) text += chunk;
  console.log(answer.statusCode, text);
});
request.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
request.end(body);
