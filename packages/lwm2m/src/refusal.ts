import { type Answer, type Code, codes } from '@mooring/coap';
import { isMooringError } from '@mooring/platform';

/** What a peer hears that has sent something that breaks the rules of LwM2M. */
const codeOf = new Map<string, Code>([
  ['lwm2m.path.invalid', codes.badRequest],
  ['lwm2m.payload.malformed', codes.badRequest],
  ['lwm2m.value.invalid', codes.badRequest],
  ['lwm2m.registration.invalid', codes.badRequest],
  ['lwm2m.format.unsupported', codes.unsupportedContentFormat],
]);

/** Undefined where the error is not the peer's. */
export const codeOfError = (error: unknown): Code | undefined =>
  isMooringError(error) ? codeOf.get(error.code) : undefined;

/** Answers for what `work` could not read; faults of the program are thrown on. */
export async function refusingMalformed(work: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    const code = codeOfError(error);
    if (code === undefined) throw error;
    return { code };
  }
}
