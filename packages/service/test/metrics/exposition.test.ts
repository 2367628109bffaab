import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exposition, single } from '../../src/metrics/exposition.ts';
import { RequestMetrics } from '../../src/metrics/request-metrics.ts';

test('families look as the text format wants them; one without a value is left out', () => {
  const text = exposition([
    single('gauge', 'free_bytes', 'Free.\nNot \\ used.', 5),
    single('gauge', 'unknown', 'Of no use.', undefined),
    {
      name: 'odd',
      help: 'Odd.',
      type: 'gauge',
      samples: [{ labels: { a: 'x"y\\z\n' }, value: Number.POSITIVE_INFINITY }],
    },
  ]);
  assert.equal(
    text,
    [
      '# HELP free_bytes Free.\\nNot \\\\ used.',
      '# TYPE free_bytes gauge',
      'free_bytes 5',
      '# HELP odd Odd.',
      '# TYPE odd gauge',
      'odd{a="x\\"y\\\\z\\n"} +Inf',
      '',
    ].join('\n'),
  );
});

test('no label value breaks out of its line or its quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const lines = exposition([
        { name: 'm', help: 'M.', type: 'gauge', samples: [{ labels: { l: value }, value: 1 }] },
      ]);
      const [, , line = '', ...rest] = lines.split('\n');
      assert.deepEqual(rest, ['']);
      const inside = /^m\{l="((?:[^"\\\n]|\\["\\n])*)"\} 1$/su.exec(line)?.[1] ?? assert.fail(line);
      assert.equal(
        inside.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)),
        value,
      );
    }),
  );
});

const answered = (seconds: number, status = 200, method = 'GET') => ({
  id: 'r',
  method,
  route: '/v3/x/:id',
  status,
  seconds,
  actor: undefined,
});

test('durations are added up from bucket to bucket, requests by status', () => {
  const metrics = new RequestMetrics();
  for (const seconds of [0.001, 0.005, 0.02, 60]) metrics.answered(answered(seconds));
  metrics.answered(answered(0.001, 404));
  const text = exposition(metrics.families());
  const labels = 'method="GET",route="/v3/x/:id"';
  for (const line of [
    `mooring_http_requests_total{${labels},status="200"} 4`,
    `mooring_http_requests_total{${labels},status="404"} 1`,
    `mooring_http_request_duration_seconds_bucket{${labels},le="0.0025"} 2`,
    `mooring_http_request_duration_seconds_bucket{${labels},le="0.005"} 3`,
    `mooring_http_request_duration_seconds_bucket{${labels},le="10"} 4`,
    `mooring_http_request_duration_seconds_bucket{${labels},le="+Inf"} 5`,
    `mooring_http_request_duration_seconds_count{${labels}} 5`,
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
});

test('a caller that makes up methods makes up no labels', () => {
  const metrics = new RequestMetrics();
  for (const method of ['PROPFIND', 'MKCOL', 'LOCK']) metrics.answered(answered(1, 404, method));
  const text = exposition(metrics.families());
  assert.match(text, /method="OTHER",route="\/v3\/x\/:id",status="404"} 3/);
  assert.doesNotMatch(text, /LOCK/);
});
