// The server that a user would otherwise run: express, the HMAC check of the seed's headers, one synced insert a request.
// node server.mjs SECRETS DIR
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import express from 'express';

const [secretsFile, dir] = process.argv.slice(2);
const { users } = JSON.parse(readFileSync(secretsFile, 'utf8'));
const database = new Database(join(dir, 'peer.db'));
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('CREATE TABLE queue (id INTEGER PRIMARY KEY, user TEXT, action TEXT, body TEXT, status TEXT)');
const insert = database.prepare("INSERT INTO queue (user, action, body, status) VALUES (?, ?, ?, 'succeeded')");

const signed = (request, body) => {
  const user = users[request.get('x-conduit-user')];
  const text = `${request.get('x-conduit-timestamp')}.${body}`;
  const wanted = createHmac('sha256', user?.secret ?? '').update(text).digest();
  const given = Buffer.from(request.get('x-conduit-signature') ?? '', 'hex');
  return user && given.length === wanted.length && timingSafeEqual(given, wanted);
};

const app = express();
app.use(express.text({ type: 'application/json' }));
app.post('/action', (request, response) => {
  if (!signed(request, request.body)) return response.status(401).json({ error: 'not authenticated' });
  const { action } = JSON.parse(request.body);
  const { lastInsertRowid } = insert.run(request.get('x-conduit-user'), action, request.body);
  response.json({ id: Number(lastInsertRowid), status: 'succeeded', action });
});
const server = app.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
server.keepAliveTimeout = 600_000;
