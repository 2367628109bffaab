import { type Answer, type Body, codes, contentFormats, type IncomingRequest, optionNumbers } from '@mooring/coap';
import type { Domain } from '../../storage/context.ts';
import { linkOfUri } from '../downloads/links.ts';
import { openLink } from '../downloads/open-link.ts';

/** The resources at which Pelion's clients ask for what a URI means: `fw` for firmware, `download` for other things. */
const resources: ReadonlySet<string> = new Set(['fw', 'download']);

/**
 * Downloads over the connection that the device has (RFC 7252 §5.7.2, RFC 7959). The service is a proxy for its own links alone:
 * where a manifest points elsewhere, it does not fetch for the device what it does not know.
 *
 * @returns undefined for other requests
 */
export function coapDownload(domain: Domain, request: IncomingRequest): Promise<Answer> | undefined {
  const [name, ...rest] = request.path;
  if (request.method !== 'GET' || name === undefined || rest.length > 0 || !resources.has(name)) return undefined;
  return answerOf(domain, request);
}

async function answerOf(domain: Domain, { options = [] }: IncomingRequest): Promise<Answer> {
  const option = options.find(({ number }) => number === optionNumbers.proxyUri);
  const link = option && linkOfUri(Buffer.from(option.value).toString('utf8'));
  if (!link) return { code: option ? codes.proxyingNotSupported : codes.badRequest };
  const opened = await openLink(domain, link);
  if (!opened || opened === 'absent') return { code: codes.notFound };
  const body: Body = {
    size: opened.size,
    read: async (offset, length) => {
      const into = new Uint8Array(length);
      return into.subarray(0, await opened.read(into, offset));
    },
    close: () => void opened.close().catch(() => undefined),
  };
  return { code: codes.content, contentFormat: contentFormats.opaque, payload: body };
}
