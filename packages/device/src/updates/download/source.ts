/** The server is right about itself, and wrong about the image: another attempt changes nothing. */
export class ImageWrong extends Error {
  override readonly name = 'ImageWrong';
}

/** Not now. */
export class ImageUnavailable extends Error {
  override readonly name = 'ImageUnavailable';
  /** What was kept of it is of no use. */
  readonly fromStart: boolean;

  constructor(message: string, fromStart = false) {
    super(message);
    this.fromStart = fromStart;
  }
}

export interface Piece {
  /** Where it belongs in the image. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/** Pieces of an image from an offset on, or from its start where that is what can be had. */
export type ImageSource = (
  uri: string,
  wanted: { readonly offset: number; readonly size: number; readonly signal: AbortSignal },
) => AsyncIterable<Piece>;
