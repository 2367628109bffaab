// Loaded before the service (`node --import`): the test that started it can set its clock, by a message.
let offset = 0;
const RealDate = Date;
const now = () => RealDate.now() + offset;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, values: [], newTarget) =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget as typeof Date),
  apply: () => new RealDate(now()).toString(),
  get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
});

process.on('message', (message: { clockOffset: number }) => {
  offset = message.clockOffset;
});
// No reason of its own to stay.
process.channel?.unref();
