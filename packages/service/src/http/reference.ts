import type { Domain } from '../storage/context.ts';
import { permissionMeanings } from './openapi.ts';
import { createHttpServer } from './server.ts';

interface Property {
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  $ref?: string;
  items?: Property;
  maxLength?: number;
}

interface Body extends Property {
  properties?: Record<string, Property>;
  required?: string[];
}

interface Described {
  operationId?: string;
  tags?: string[];
  summary?: string;
  'x-permission'?: string;
  parameters?: { name: string; in: string; description?: string }[];
  requestBody?: { content: Record<string, { schema: Property }> };
  responses?: Record<string, { content?: Record<string, { schema: Property }> }>;
}

/** As much of an OpenAPI document as the page is made from. */
export interface OpenApi {
  info: { description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, Described>>;
  components?: { schemas?: Record<string, Body> };
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const refName = (ref: string): string => ref.split('/').at(-1) ?? ref;
const link = (name: string): string => `[${name}](#${name.toLowerCase()})`;

function typeText(property: Property): string {
  if (property.$ref) return link(refName(property.$ref));
  if (property.items) return `list of ${typeText(property.items)}`;
  if (property.enum) return property.enum.map((value) => `\`${value}\``).join(' ');
  return [property.type ?? 'any'].flat().join(' or ');
}

function bodyName(content: Record<string, { schema: Property }> | undefined): string {
  const ref = content?.['application/json']?.schema.$ref;
  return ref ? link(refName(ref)) : '';
}

function operationRow(path: string, method: string, described: Described): string {
  const responses = Object.entries(described.responses ?? {});
  const [status = '', success] = responses.find(([code]) => code.startsWith('2')) ?? [];
  const errors = responses.map(([code]) => code).filter((code) => !code.startsWith('2'));
  const query = (described.parameters ?? [])
    .filter((parameter) => parameter.in === 'query')
    .map(({ name }) => `\`${name}\``);
  return `| ${method.toUpperCase()} \`${path}\` | ${cell(described.summary ?? '')} | ${described['x-permission'] === undefined ? 'open to everyone' : `\`${described['x-permission']}\``} | ${query.join(' ')} | ${bodyName(
    described.requestBody?.content,
  )} | ${status} ${bodyName(success?.content)} / ${errors.join(', ')} |`;
}

function bodySection(name: string, body: Body): string {
  const rows = Object.entries(body.properties ?? {}).map(([field, property]) => {
    const required = body.required?.includes(field) ? 'yes' : '';
    const limit = property.maxLength === undefined ? '' : ` At most ${property.maxLength} characters.`;
    return `| \`${field}\` | ${cell(typeText(property))} | ${required} | ${cell((property.description ?? '') + limit)} |`;
  });
  return `### ${name}\n\n${body.description ? `${body.description}\n\n` : ''}| field | type | always | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** The reference page of the REST interface, in Markdown. */
export function renderRestReference(openapi: OpenApi): string {
  const sections = (openapi.tags ?? []).map(({ name, description }) => {
    const rows = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, described]) => described.tags?.includes(name))
        .map(([method, described]) => operationRow(path, method, described)),
    );
    return `## ${name}\n\n${description ?? ''}\n\n| request | what it does | permission | query | body | answers |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  const permissionRows = Object.entries(permissionMeanings).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  const bodies = Object.entries(openapi.components?.schemas ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, body]) => bodySection(name, body));
  return `# REST interface

<!-- Made by \`npm run docs\`; do not edit. -->

${openapi.info.description ?? ''} The running service has this page for machines at \`/v3/openapi.json\`.

Requests carry \`Authorization: Bearer <API key>\`, or the cookie of a session; bodies are JSON. Fields that the service does not know are passed over.
Errors have the body [ErrorResponse](#errorresponse). Lists come in pages: \`limit\`, \`after\` (the id of the last entity
seen) or, backwards, \`before\` (the id of the first one), \`order\`, \`include=total_count\`. Filters are written \`field=value\` or \`field__op=value\`, each as a parameter of
its own or all together, URL-encoded, in \`filter\`.

${sections.join('\n')}
## Permissions

| permission | what it allows |
|---|---|
${permissionRows.join('\n')}

## Bodies

${bodies.join('\n')}`;
}

/** Makes the OpenAPI document without a database: routes are described, none is called. */
export async function openApiDocument(): Promise<OpenApi> {
  const app = createHttpServer({} as Domain);
  try {
    await app.ready();
    return app.swagger() as unknown as OpenApi;
  } finally {
    await app.close();
  }
}

/** docs/reference/rest.md */
export async function restReference(): Promise<string> {
  return renderRestReference(await openApiDocument());
}
