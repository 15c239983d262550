// Written by `ccc-hook install`; `ccc-hook uninstall` removes it. Whatever goes wrong here throws, and what throws does not run.
import { spawn } from "node:child_process"

const HOOKS = []

/** What the hook for this event prints about the document; throws where it does not end well and in time. */
function asked(event, document) {
  const hook = HOOKS.find((hook) => hook.event === event)
  return new Promise((resolve, reject) => {
    const failed = (words) => reject(new Error(words.trim() || "ccc-hook failed: call blocked"))
    const child = spawn("/bin/sh", ["-c", hook.command], { cwd: document.cwd })
    const timer = setTimeout(() => {
      child.kill("SIGKILL")
      failed("ccc-hook took too long: call blocked")
    }, hook.seconds * 1000)
    let out = ""
    let err = ""
    child.stdout.on("data", (chunk) => (out += chunk))
    child.stderr.on("data", (chunk) => (err += chunk))
    child.stdin.on("error", () => {})
    child.on("error", (error) => failed(`ccc-hook failed: ${error}`))
    child.on("close", (code) => {
      clearTimeout(timer)
      code === 0 ? resolve(out) : failed(err)
    })
    child.stdin.end(JSON.stringify({ hook_event_name: event, ...document }))
  })
}

/** What was judged is what runs: a plugin after this one cannot change it. */
function frozen(value) {
  if (value && typeof value === "object") Object.values(value).forEach(frozen)
  return Object.freeze(value)
}

export const CccHook = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    frozen(output)
    const said = await asked("tool.execute.before", {
      session_id: input.sessionID,
      cwd: directory,
      tool_name: input.tool,
      tool_call_id: input.callID,
      tool_input: output.args,
    })
    const answer = JSON.parse(said)
    if (answer.decision !== "allow") throw new Error(answer.reason || "ccc-hook failed: call blocked")
  },
  "tool.execute.after": async (input, output) => {
    await asked("tool.execute.after", {
      session_id: input.sessionID,
      cwd: directory,
      tool_name: input.tool,
      tool_response: output.output ?? "",
    })
  },
  "chat.message": async (input, output) => {
    await asked("chat.message", { session_id: input.sessionID, cwd: directory, prompt: output.parts })
  },
})
