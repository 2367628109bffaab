import { request } from 'node:https';
import { failed } from './command.ts';

export interface ServiceAccess {
  url: string;
  apiKey: string;
  /** PEM of the service's HTTPS authority. */
  authority: string;
}

interface Certificate {
  id: string;
  name: string;
}

/** What the service says that it issued, asked for over its REST interface. */
export async function issuedCredentials(access: ServiceAccess, name: string): Promise<string> {
  const list = (await get(access, `/v3/trusted-certificates?name__eq=${encodeURIComponent(name)}`)) as {
    data: Certificate[];
  };
  const [certificate] = list.data.filter((one) => one.name === name);
  if (!certificate || list.data.length !== 1) throw failed(`The service has no certificate named ${name}, or several.`);
  const developer = (await get(access, `/v3/developer-certificates/${certificate.id}`)) as {
    security_file_content: string;
  };
  return developer.security_file_content;
}

async function get(access: ServiceAccess, path: string): Promise<unknown> {
  const { status, body, text } = await ask(access, 'GET', path);
  if (status === 200) return body;
  throw failed(`The service answered ${status} to GET ${path}: ${text}`);
}

export interface Answer {
  status: number;
  text: string;
  /** Undefined where the answer is not JSON. */
  body: unknown;
}

/** Asks the service over REST. */
export function ask(
  { url, apiKey, authority }: ServiceAccess,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const sent = request(new URL(path, url), { method, ca: authority, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, text, body: /^[[{]/.test(text) ? JSON.parse(text) : undefined });
      });
    });
    sent.on('error', (cause) => reject(failed(`The service could not be asked: ${cause.message}.`)));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
