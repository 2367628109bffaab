/** Bytes from hex digits with any white space between them. */
export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s+/g, ''), 'hex'));

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
