import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, CoapConnection, codes, type IncomingRequest } from '@mooring/coap';
import { fakeTime } from '@mooring/platform/testing';
import { channelPair } from '@mooring/transport/testing';
import { type DeviceFacts, instance, resource, ServerSession } from '../../src/index.ts';
import { hex, textOf, utf8 } from '../bytes.ts';

const facts: DeviceFacts = { version: '1.0', root: '/', contentFormats: [], links: [] };

/** A session with a device that answers as it is told, and what it was asked. */
function sessionWith(more: Partial<DeviceFacts>, answer: (request: IncomingRequest) => Answer) {
  const { timers } = fakeTime();
  const pair = channelPair({ timers });
  const asked: IncomingRequest[] = [];
  new CoapConnection(pair.client, {
    framing: 'record',
    timers,
    handler(request) {
      asked.push(request);
      return answer(request);
    },
  });
  const connection = new CoapConnection(pair.server, { framing: 'record', timers });
  return { session: new ServerSession(connection, { ...facts, ...more }), asked };
}

/** Takes these formats and no others. */
const taking =
  (...formats: number[]) =>
  ({ contentFormat = 0 }: IncomingRequest): Answer => ({
    code: formats.includes(contentFormat) ? codes.changed : codes.unsupportedContentFormat,
  });

const device = instance(0, [resource(14, '+01:00')]);
const formatsOf = (asked: readonly IncomingRequest[]) => asked.map(({ contentFormat }) => contentFormat);

test('what is written in which format: text or bytes for one value, else what the version and the registration say', async () => {
  const cases: [Partial<DeviceFacts>, number[]][] = [
    [{ version: '1.0' }, [0, 42, 11542]],
    [{ version: '1.1' }, [0, 42, 11542]],
    [{ version: '1.1', contentFormats: [60, 110, 112] }, [0, 42, 112]],
    [{ version: '1.1', contentFormats: [110] }, [0, 42, 110]],
  ];
  for (const [more, expected] of cases) {
    const { session, asked } = sessionWith(more, taking(0, 42, 110, 112, 11542));
    await session.write([3, 0, 14], resource(14, '+01:00'));
    await session.write([10255, 0, 3], resource(3, hex('0102')));
    await session.write([3, 0], device);
    assert.deepEqual(formatsOf(asked), expected);
    assert.equal(textOf(asked[0]?.payload ?? utf8('')), '+01:00');
  }
});

test('a format that is refused is not tried again', async () => {
  const { session, asked } = sessionWith({ version: '1.1', contentFormats: [112] }, taking(110));
  await session.write([3, 0], device);
  await session.write([3, 0], device);
  assert.deepEqual(formatsOf(asked), [112, 11542, 110, 110]);
});

test('a device that takes none of them has refused', async () => {
  const { session, asked } = sessionWith({}, taking());
  await assert.rejects(session.write([3, 0, 14], resource(14, 'x')), {
    code: 'lwm2m.device.refused',
    data: { code: '4.15', path: '/3/0/14' },
  });
  assert.deepEqual(formatsOf(asked), [0, 11542, 110, 112]);
});

test('what the device answered before is what it is written to in', async () => {
  const { session, asked } = sessionWith({ version: '1.0' }, ({ method, ...request }) =>
    method === 'GET'
      ? { code: codes.content, contentFormat: 110, payload: utf8('[{"bn":"/3/0/","n":"14","vs":"x"}]') }
      : taking(110, 11542)({ method, ...request }),
  );
  assert.deepEqual((await session.read([3, 0])).node(), instance(0, [resource(14, 'x')]));
  await session.write([3, 0], device);
  assert.equal(asked[1]?.contentFormat, 110);
});

test('an alternate path stands before every other', async () => {
  const { session, asked } = sessionWith({ root: '/lwm2m' }, () => ({ code: codes.content, payload: utf8('1') }));
  await session.read([3, 0, 9]);
  assert.deepEqual(asked[0]?.path, ['lwm2m', '3', '0', '9']);
});

test('an answer without a content format is text', async () => {
  const { session } = sessionWith({}, () => ({ code: codes.content, payload: utf8('80') }));
  assert.deepEqual((await session.read([3, 0, 9])).node(), resource(9, 80));
});

test('old TLV is understood', async () => {
  const { session } = sessionWith({}, () => ({ code: codes.content, contentFormat: 99, payload: hex('c10950') }));
  assert.deepEqual((await session.read([3, 0])).node(), instance(0, [resource(9, 80)]));
});
