import { lwm2mErrors } from '../errors.ts';

export function invalidRegistration(reason: string): never {
  throw lwm2mErrors('lwm2m.registration.invalid', {
    message: `The request of the device cannot be taken: ${reason}.`,
    next: 'This is for the maker of the device client; the device will not come in as it is.',
  });
}

/** Uri-Query options as names and values; a flag (`Q`) has the empty value. The same name twice is refused. */
export function parseQuery(query: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const item of query) {
    const equals = item.indexOf('=');
    const [name, value] = equals < 0 ? [item, ''] : [item.slice(0, equals), item.slice(equals + 1)];
    if (parameters.has(name)) {
      // Pelion's clients repeat what stands in the URI of the server, account id first of all.
      if (parameters.get(name) !== value) invalidRegistration(`"${name.slice(0, 20)}" stands there twice`);
      continue;
    }
    parameters.set(name, value);
  }
  return parameters;
}

/** What may not be empty where it stands. It is not longer than a Uri-Query option can be: 255 bytes (RFC 7252 §5.10). */
export function nameOf(parameters: ReadonlyMap<string, string>, key: string): string | undefined {
  const value = parameters.get(key);
  if (value === '') invalidRegistration(`"${key}" is empty`);
  // Names go into logs and certificates.
  if (value !== undefined && /[\p{Cc}\p{Zl}\p{Zp}]/u.test(value))
    invalidRegistration(`"${key}" has control characters`);
  return value;
}

/** Takes the parameters out that are known by a name of their own; what is left belongs to the application. */
export function otherParameters(
  parameters: ReadonlyMap<string, string>,
  known: readonly string[],
): ReadonlyMap<string, string> {
  return new Map([...parameters].filter(([name]) => !known.includes(name)));
}

const whole = /^[0-9]{1,10}$/;

export function lifetimeOf(parameters: ReadonlyMap<string, string>): number | undefined {
  const text = parameters.get('lt');
  if (text === undefined) return undefined;
  const lifetime = Number(text);
  if (!whole.test(text) || lifetime > 0xffffffff) invalidRegistration(`the lifetime "${text.slice(0, 20)}" is not one`);
  return lifetime;
}
