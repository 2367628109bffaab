import type { Schema } from './config-schema.ts';

/** What is wrong, in the words of Python's jsonschema where it has some, and where. */
export interface Objection {
  message: string;
  path: readonly string[];
}

/** A value as Python shows it, as far as configs have such values. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
    return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
  }
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${pythonRepr(key)}: ${pythonRepr(inner)}`)
      .join(', ')}}`;
  }
  return String(value);
}

const isType: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array),
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
};

/** The first thing that is wrong, or undefined. Keywords that do not speak of the value's type let it pass. */
export function objectionTo(value: unknown, schema: Schema, path: readonly string[] = []): Objection | undefined {
  const wrong = (message: string): Objection => ({ message, path });
  const shown = pythonRepr(value);
  if (schema.type && !isType[schema.type]?.(value)) return wrong(`${shown} is not of type '${schema.type}'`);
  if (schema.enum && !schema.enum.includes(value)) return wrong(`${shown} is not one of ${pythonRepr(schema.enum)}`);
  if (typeof value === 'string') {
    if (value.length < (schema.minLength ?? 0)) return wrong(`${shown} is too short`);
    if (schema.pattern && !new RegExp(schema.pattern, 'u').test(value)) {
      return wrong(`${shown} does not match ${pythonRepr(schema.pattern).replaceAll('\\\\', '\\')}`);
    }
  }
  if (typeof value === 'number' && schema.minimum !== undefined && value < schema.minimum) {
    return wrong(`${shown} is less than the minimum of ${schema.minimum}`);
  }
  if (!isType.object?.(value)) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const missing = schema.required?.find((name) => !Object.hasOwn(fields, name));
  if (missing !== undefined) return wrong(`'${missing}' is a required property`);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const found = Object.hasOwn(fields, name) ? objectionTo(fields[name], inner, [...path, name]) : undefined;
    if (found) return found;
  }
  if (schema.oneOf) {
    const fitting = schema.oneOf.filter((one) => objectionTo(value, one, path) === undefined);
    if (fitting.length === 0) return wrong(`${shown} is not valid under any of the given schemas`);
    if (fitting.length > 1) return wrong(`${shown} is valid under each of ${fitting.map(pythonRepr).join(', ')}`);
  }
  if (schema.if && schema.then && objectionTo(value, schema.if, path) === undefined) {
    return objectionTo(value, schema.then, path);
  }
  return undefined;
}
