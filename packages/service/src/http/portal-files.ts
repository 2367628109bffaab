import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

/** Those that are small already are sent as they are. */
const compressible = /^(text\/|application\/|image\/svg)/;

/**
 * What a page of the portal may do: run and show what comes from here, and nothing else. No script or style stands in a
 * page itself, and no other site may show it in a frame.
 */
const pageHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy':
    'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
} as const;

/** A name with the hash of what is in it, as the build gives to all but a few: it never changes. */
const isHashed = (path: string): boolean => /^\/assets\/.+[-.][A-Za-z0-9_-]{8,}\.\w+$/.test(path);

type Encoding = 'br' | 'gzip';

const compress: Readonly<Record<Encoding, (bytes: Uint8Array) => Promise<Uint8Array>>> = {
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: 9 }),
};

const endings: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz' };

class PortalFile {
  readonly type: string;
  readonly #bytes: Uint8Array;
  readonly #etag: string;
  readonly #encoded: Map<Encoding, Promise<Uint8Array>>;

  constructor(path: string, bytes: Uint8Array, encoded: Map<Encoding, Promise<Uint8Array>>) {
    this.type = types[extname(path)] ?? 'application/octet-stream';
    this.#bytes = bytes;
    this.#etag = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
    this.#encoded = encoded;
  }

  /** In an encoding that is taken; made once, where the build has not. */
  async #in(encoding: Encoding | undefined): Promise<Uint8Array> {
    if (encoding === undefined) return this.#bytes;
    let made = this.#encoded.get(encoding);
    if (!made) {
      made = compress[encoding](this.#bytes);
      this.#encoded.set(encoding, made);
    }
    return made;
  }

  #encodingFor(accepted: string): Encoding | undefined {
    if (!compressible.test(this.type) || this.#bytes.length < 512) return undefined;
    return (['br', 'gzip'] as const).find((each) =>
      new RegExp(`(^|[ ,])${each}(?!\\s*;\\s*q=0(\\.0*)?(\\s|,|$))`).test(accepted),
    );
  }

  async send(request: FastifyRequest, reply: FastifyReply, hashed: boolean): Promise<FastifyReply> {
    const encoding = this.#encodingFor(String(request.headers['accept-encoding'] ?? ''));
    const etag = `"${this.#etag}${encoding ? `-${encoding}` : ''}"`;
    reply.headers({
      ...pageHeaders,
      'Cache-Control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      ETag: etag,
      Vary: 'Accept-Encoding',
    });
    const seen = request.headers['if-none-match'];
    if (seen?.split(',').some((each) => each.trim().replace(/^W\//, '') === etag)) return reply.code(304).send();
    if (encoding) reply.header('Content-Encoding', encoding);
    const bytes = await this.#in(encoding);
    return reply
      .code(200)
      .type(this.type)
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
}

/** Paths of the API: they never get a page of the portal. */
const isApi = (path: string): boolean => /^\/(v\d+|healthz|readyz|metrics)(\/|$)/.test(path);

const unbuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Mooring</title>
<h1>Mooring</h1>
<p>The service runs. The portal, its page for people, was not built into this version: commands and the REST interface do all that there is.</p>
<p>The REST interface is described at <a href="/v3/openapi.json">/v3/openapi.json</a>.</p>
</html>
`;

/**
 * The files of the portal, read once and kept in memory: a page is never put together from two builds.
 */
export class PortalFiles {
  readonly #files = new Map<string, PortalFile>();

  /** @param folder of the build; without it there is a page that says so */
  constructor(folder: string | undefined) {
    if (folder !== undefined) this.#read(folder);
    if (!this.#files.has('/index.html')) {
      this.#files.set('/index.html', new PortalFile('/index.html', Buffer.from(unbuilt), new Map()));
    }
  }

  #read(folder: string): void {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = new Set(entries.map((entry) => join(entry.parentPath, entry.name)));
    for (const path of paths) {
      if (/\.(br|gz)$/.test(path) && paths.has(path.replace(/\.(br|gz)$/, ''))) continue;
      const encoded = new Map<Encoding, Promise<Uint8Array>>();
      for (const [encoding, ending] of Object.entries(endings) as [Encoding, string][]) {
        if (paths.has(path + ending)) encoded.set(encoding, Promise.resolve(readFileSync(path + ending)));
      }
      const name = `/${relative(folder, path).split(sep).join('/')}`;
      this.#files.set(name, new PortalFile(name, readFileSync(path), encoded));
    }
  }

  /**
   * Answers a request that no route takes, if it is one for the portal: a file of it, or a deep link into its page.
   * Undefined if it is not.
   */
  answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> | undefined {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const path = (request.raw.url ?? '/').replace(/[?#].*$/, '').replace(/\/{2,}/g, '/');
    if (isApi(path)) return undefined;
    const file = this.#files.get(path);
    if (file) return file.send(request, reply, isHashed(path));
    const wantsPage = /\btext\/html\b/.test(String(request.headers.accept ?? '')) && extname(path) === '';
    const isRoot = path === '/' && /\*\/\*/.test(String(request.headers.accept ?? ''));
    if (wantsPage || isRoot) return this.#files.get('/index.html')?.send(request, reply, false);
    return undefined;
  }
}
