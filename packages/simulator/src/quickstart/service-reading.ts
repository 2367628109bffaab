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

function get({ url, apiKey, authority }: ServiceAccess, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { ca: authority, headers: { authorization: `Bearer ${apiKey}` }, agent: false };
    const sent = request(new URL(path, url), options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(failed(`The service answered ${response.statusCode} to GET ${path}: ${text}`));
      });
    });
    sent.on('error', (cause) => reject(failed(`The service could not be asked: ${cause.message}.`)));
    sent.end();
  });
}
