import { optionNumbers, type Request, textOption } from '@mooring/coap';
import { type ImageSource, ImageUnavailable, ImageWrong } from './source.ts';

/** Bytes in blocks over the connection to the LwM2M server; undefined where there is none now. */
export type BlockDownload = (
  request: Request,
  offset: number,
) =>
  | AsyncIterable<{ readonly offset: number; readonly data: Uint8Array; readonly size: number | undefined }>
  | undefined;

/** An image that the LwM2M server fetches for us: `GET fw` with the address in Proxy-Uri, as Pelion's clients ask. */
export const coapSource = (download: BlockDownload): ImageSource =>
  async function* (uri, { offset, size, signal }) {
    const options = [textOption(optionNumbers.proxyUri, uri)];
    const blocks = download({ method: 'GET', path: ['fw'], contentFormat: 0, options }, offset);
    if (!blocks) throw new ImageUnavailable('there is no connection to the server');
    try {
      for await (const block of blocks) {
        if (signal.aborted) return;
        const isLonger = block.offset + block.data.length > size;
        if (isLonger || (block.size !== undefined && block.size !== size)) {
          throw new ImageWrong(`the server has ${block.size ?? 'more'} bytes, the manifest says ${size}`);
        }
        yield block;
      }
    } catch (error) {
      const { code, data } = error as { code?: string; data?: { code?: string } };
      if (code === 'coap.refused' && data?.code?.startsWith('4.')) throw new ImageWrong((error as Error).message);
      throw error;
    }
  };
