import { type OpenLinks, openLinks } from './links.ts';
import { usableAddress } from './records.ts';

/** Asks all networks for the address of a `.local` name (RFC 6762); undefined if nobody answers in time. */
export async function findHost(
  name: string,
  signal: AbortSignal,
  { limit = 2_500, open = openLinks as OpenLinks } = {},
): Promise<string | undefined> {
  const answer = Promise.withResolvers<string | undefined>();
  const end = setTimeout(() => answer.resolve(undefined), limit);
  const onAbort = () => answer.resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const links = await open(({ packet, zone }) => {
    for (const record of [...(packet.answers ?? []), ...(packet.additionals ?? [])]) {
      if ((record.type !== 'A' && record.type !== 'AAAA') || record.name.toLowerCase() !== name.toLowerCase()) continue;
      const address = usableAddress(record.data, zone);
      if (address !== undefined) answer.resolve(address);
    }
  });
  const questions = [{ name, type: 'A' } as const, { name, type: 'AAAA' } as const];
  links?.ask(questions);
  const repeat = setTimeout(() => links?.ask(questions), 1_000);
  try {
    return links ? await answer.promise : undefined;
  } finally {
    clearTimeout(end);
    clearTimeout(repeat);
    signal.removeEventListener('abort', onAbort);
    await links?.close();
  }
}
