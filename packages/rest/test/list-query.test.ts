import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Filter,
  type FilterFields,
  includeOf,
  includes,
  matchesFilters,
  parseListQuery,
  parseTime,
} from '@mooring/rest';
import fc from 'fast-check';

const fields: FilterFields = {
  id: 'string',
  name: 'string',
  state: 'string',
  service: 'string',
  issuer: 'text',
  device_execution_mode: 'integer',
  enrollment_mode: 'boolean',
  created_at: 'time',
  custom_attributes: 'map',
};

const filtersOf = (search: string): readonly Filter[] => {
  const { query, problems } = parseListQuery(search, fields);
  assert.deepEqual(problems, [], search);
  return query.filters;
};

test('a list without parameters has the defaults of the contract', () => {
  assert.deepEqual(parseListQuery('', fields), {
    query: { limit: 50, after: null, order: 'ASC', totalCount: false, filters: [] },
    problems: [],
  });
  assert.equal(parseListQuery('', fields, { limit: 1000 }).query.limit, 1000);
});

test('limit is clamped to 2 and 1000', () => {
  for (const [text, limit] of [
    ['1', 2],
    ['0', 2],
    ['-7', 2],
    ['2', 2],
    ['999', 999],
    ['1001', 1000],
    ['99999999999999999999999', 1000],
    ['', 50],
    ['%20%205%20', 5],
  ] as const) {
    assert.equal(parseListQuery(`limit=${text}`, fields).query.limit, limit, `limit=${text}`);
  }
});

test('order is taken in any case, after as it is', () => {
  const { query } = parseListQuery('order=desc&after=01619571e2e90242ac12000600000000', fields);
  assert.equal(query.order, 'DESC');
  assert.equal(query.after, '01619571e2e90242ac12000600000000');
});

test('include is understood as each client writes it', () => {
  for (const [client, search] of [
    ['plain', 'include=total_count'],
    ['JavaScript repositories', 'include=totalCount'],
    ['Python list', 'include=%5B%27total_count%27%5D'],
    ['with others', 'include=limits%2C+total_count'],
    ['twice', 'include=limits&include=total_count'],
    ['encoded twice', 'include=limits%2C%2520total_count'],
  ] as const) {
    assert.equal(parseListQuery(search, fields).query.totalCount, true, client);
  }
  for (const search of ['', 'include=', 'include=total', 'include=limits,policies']) {
    assert.equal(parseListQuery(search, fields).query.totalCount, false, search);
  }
  for (const include of ['limits,+policies', 'limits,%20policies', "['limits', 'policies']"]) {
    const text = includeOf(`include=${include}`);
    assert.ok(includes(text, 'limits') && includes(text, 'policies') && !includes(text, 'sub_accounts'), include);
  }
});

test('filters are read as the clients send them', () => {
  const state: Filter = { field: 'state', op: 'eq', values: ['registered'] };
  const since: Filter = { field: 'created_at', op: 'gte', values: [new Date('2020-01-01T00:00:00Z')] };
  const site: Filter = { field: 'custom_attributes', key: 'a', op: 'eq', values: ['b'] };
  const cases: [client: string, search: string, filters: Filter[]][] = [
    ['no suffix means eq', 'state=registered', [state]],
    ['with suffix', 'state__eq=registered', [state]],
    ['empty parameters', 'filter=&properties=&state=', []],
    ['a filter with an empty value', 'filter=state%3D', []],
    [
      'Python SDK, values encoded twice',
      'limit=5&order=DESC&filter=created_at__gte%3D2020-01-01T00%253A00%253A00Z%26custom_attributes__a%3Db%26state%3Dregistered',
      [since, site, state],
    ],
    [
      'JavaScript SDK, values encoded once',
      'filter=created_at__gte%3D2020-01-01T00%3A00%3A00Z%26custom_attributes__a__eq%3Db%26state%3Dregistered',
      [since, site, state],
    ],
    ['whole filter encoded twice', 'filter=state%253Dregistered', [state]],
    ['values encoded three times', 'filter=created_at__gte%3D2020-01-01T00%25253A00%25253A00Z', [since]],
    ['compact time', 'created_at__gte=20200101T000000Z', [since]],
    ['time with fraction', 'created_at__gte=2020-01-01T00%3A00%3A00.000000Z', [since]],
    ['offset whose plus was not encoded', 'created_at__gte=2020-01-01T02:00:00+02:00', [since]],
    ['list', 'state__in=a%2Cb', [{ field: 'state', op: 'in', values: ['a', 'b'] }]],
    [
      'key with an operator of its own name',
      'custom_attributes__in=x',
      [{ field: 'custom_attributes', key: 'in', op: 'eq', values: ['x'] }],
    ],
    [
      'key with two underscores',
      'custom_attributes__my__key__neq=x',
      [{ field: 'custom_attributes', key: 'my__key', op: 'neq', values: ['x'] }],
    ],
    ['a bare percent sign', 'name=100%', [{ field: 'name', op: 'eq', values: ['100%'] }]],
    ['boolean of Python', 'enrollment_mode__eq=True', [{ field: 'enrollment_mode', op: 'eq', values: [true] }]],
    ['part of a name', 'issuer__like=cn%3Diss', [{ field: 'issuer', op: 'like', values: ['cn=iss'] }]],
    ['a parameter that is no filter', 'colour=red', []],
    [
      'JavaScript SDK: developer certificates',
      'filter=&limit=10&service__eq=bootstrap&device_execution_mode__eq=1&device_execution_mode__neq=1',
      [
        { field: 'service', op: 'eq', values: ['bootstrap'] },
        { field: 'device_execution_mode', op: 'eq', values: [1] },
      ],
    ],
    ['neq alone counts', 'device_execution_mode__neq=1', [{ field: 'device_execution_mode', op: 'neq', values: [1] }]],
  ];
  for (const [client, search, filters] of cases) assert.deepEqual(filtersOf(search), filters, client);
});

test('what cannot be meant is named by its parameter', () => {
  for (const [search, name, part] of [
    ['limit=many', 'limit', /whole number/],
    ['order=newest', 'order', /ASC or DESC/],
    ['colour__eq=red', 'colour__eq', /no filter on colour/],
    ['filter=colour%3Dred', 'filter', /no filter on colour/],
    ['filter=garbage', 'filter', /no filter on garbage/],
    ['filter=%25ZZ', 'filter', /no filter on %ZZ/],
    ['name__like=x', 'name__like', /eq, neq, in, nin, not like/],
    ['state__near=x', 'state__near', /neither/],
    ['device_execution_mode__eq=one', 'device_execution_mode__eq', /whole number/],
    ['enrollment_mode=perhaps', 'enrollment_mode', /true or false/],
    ['created_at__lte=yesterday', 'created_at__lte', /time such as/],
    ['custom_attributes=x', 'custom_attributes', /neither/],
  ] as const) {
    const { problems } = parseListQuery(search, fields);
    assert.equal(problems.length, 1, search);
    assert.equal(problems[0]?.name, name, search);
    assert.match(problems[0]?.message ?? '', part, search);
  }
});

test('times: three spellings, and nothing else', () => {
  const expected = new Date('2016-11-30T16:25:12Z').getTime();
  for (const text of [
    '20161130T162512Z',
    '2016-11-30T16:25:12Z',
    '2016-11-30T16:25:12.000000Z',
    '2016-11-30T16:25:12',
  ]) {
    assert.equal(parseTime(text)?.getTime(), expected, text);
  }
  for (const text of ['', '2016', '30.11.2016', '2016-13-01T00:00:00Z', '2016-11-30T25:00:00Z', 'now']) {
    assert.equal(parseTime(text), undefined, text);
  }
});

test('filters select by their meaning', () => {
  const entity = {
    name: 'Mast',
    issuer: 'O=Acme,CN=Root',
    created_at: Date.parse('2020-06-01T00:00:00Z'),
    device_execution_mode: 1,
    custom_attributes: { site: 'north' },
  };
  for (const [search, expected] of [
    ['name=Mast', true],
    ['name=mast', false],
    ['name__neq=Mast', false],
    ['name__in=a,Mast', true],
    ['name__nin=a,Mast', false],
    ['issuer__like=cn%3Droot', true],
    ['created_at__gte=2020-06-01T00:00:00Z', true],
    ['created_at__lte=2020-05-31T00:00:00Z', false],
    ['created_at__eq=2020-06-01T00:00:00Z', true],
    ['custom_attributes__site=north', true],
    ['custom_attributes__floor__neq=1', true],
    ['custom_attributes__constructor=x', false],
    ['name=Mast&device_execution_mode__neq=1', false],
  ] as const) {
    assert.equal(matchesFilters(filtersOf(search), entity), expected, search);
  }
});

const value = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).filter((text) => !/%[0-9a-f]{2}/i.test(text));

test('any value comes back from a direct parameter and from a filter encoded once or twice', () => {
  fc.assert(
    fc.property(value, (text) => {
      const expected = [{ field: 'name', op: 'eq', values: [text] }];
      assert.deepEqual(filtersOf(`name__eq=${encodeURIComponent(text)}`), expected);
      assert.deepEqual(filtersOf(`filter=${encodeURIComponent(`name__eq=${encodeURIComponent(text)}`)}`), expected);
      if (!/[&%]/.test(text)) assert.deepEqual(filtersOf(`filter=${encodeURIComponent(`name__eq=${text}`)}`), expected);
    }),
  );
});

test('no query string is too odd to read', () => {
  const piece = fc.oneof(
    fc.constantFrom('limit', 'after', 'filter', 'include', 'order', '__', '__eq', '__in', 'name', 'custom_attributes'),
    fc.constantFrom('=', '&', '%', '%3D', '%253A', '%zz', '+', ',', "['", '__proto__', 'constructor', '\0'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const { query, problems } = parseListQuery(pieces.join(''), fields);
      assert.ok(query.limit >= 2 && query.limit <= 1000);
      for (const filter of query.filters) assert.ok(Object.hasOwn(fields, filter.field));
      for (const problem of problems) assert.ok(problem.message.length > 0);
    }),
    { numRuns: 2000 },
  );
});
