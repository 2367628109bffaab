/** A device filter as the SDK for Python shows it: `id__eq=1&state=x` is `{'id': {'$eq': '1'}, 'state': {'$eq': 'x'}}`. */
export function pythonFilter(text: string): string {
  const fields = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(text)) {
    const [, name = key, operator = 'eq'] = /^(.*?)(?:__(eq|neq|in|nin|lte|gte|like))?$/.exec(key) ?? [];
    const conditions = fields.get(name) ?? [];
    conditions.push(`'$${operator}': '${value}'`);
    fields.set(name, conditions);
  }
  return `{${[...fields].map(([name, conditions]) => `'${name}': {${conditions.join(', ')}}`).join(', ')}}`;
}
