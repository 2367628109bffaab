/** A form as old clients send it: the bytes of its body, and its type. */
export function form(parts: Record<string, string | { bytes: Uint8Array; fileName?: string }>) {
  const boundary = 'b0undary';
  const chunks: Uint8Array[] = [];
  for (const [name, part] of Object.entries(parts)) {
    const file = typeof part === 'string' ? undefined : part;
    const disposition = `form-data; name="${name}"${file ? `; filename="${file.fileName ?? 'fw.bin'}"` : ''}`;
    chunks.push(Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n\r\n`));
    chunks.push(file ? file.bytes : Buffer.from(part as string), Buffer.from('\r\n'));
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { body: Buffer.concat(chunks), headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}
