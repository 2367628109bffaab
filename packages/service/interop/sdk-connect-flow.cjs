// What an application does with a connected device, by ConnectApi of mbed-cloud-sdk. Prints "press N" when the button of the
// device is to change, then one JSON object of what came back. On standard input: what came to the callback, one JSON text
// a line. Environment: SDK (its folder), HTTP, KEY, CALLBACK (a URL).
'use strict';
const { createInterface } = require('node:readline');
const sdk = require(process.env.SDK);

const button = '/3200/0/5501';
const light = '/3201/0/5853';
const patience = 30_000;
const press = (number) => process.stdout.write(`press ${number}\n`);

/** What a subscription tells, until it is this. */
function heard() {
  let tell = () => {};
  const values = [];
  return {
    listener: (error, data) => {
      values.push(error || data);
      tell();
    },
    async until(wanted) {
      while (!values.some((value) => String(value) === wanted)) await new Promise((resolve) => (tell = resolve));
      return wanted;
    },
  };
}

/**
 * Version 2.6.10 keeps who waits for the first value in another form than it looks for, and gives up after 5 s; the subscription
 * is there all the same.
 */
const subscribe = (api, device, listener) =>
  api.addResourceSubscription(device, button, listener).then(
    () => 'nothing failed',
    (error) => String(error.message || error)
  );

async function main() {
  const api = new sdk.ConnectApi({ apiKey: process.env.KEY, host: process.env.HTTP, autostartNotifications: true });
  const [{ id: device }] = (await api.listConnectedDevices()).data;
  const resources = (await api.listResources(device)).map(({ path }) => path).sort();
  const maker = await api.getResourceValue(device, '/3/0/0', patience);
  await api.setResourceValue(device, light, 'on', patience);
  const written = await api.getResourceValue(device, light, patience);
  const absent = await api.getResourceValue(device, '/3/0/99', patience).then(
    () => 'nothing failed',
    (error) => error.name
  );

  const pulled = heard();
  const first = await subscribe(api, device, pulled.listener);
  press(1);
  const notified = await pulled.until('1');
  const subscribed = await api.getResourceSubscription(device, button);
  const subscriptions = await api.listDeviceSubscriptions(device);

  await api.updatePresubscriptions([{ deviceId: device, resourcePaths: [button] }]);
  const presubscriptions = await api.listPresubscriptions();
  await api.deletePresubscriptions();
  const noPresubscriptions = await api.listPresubscriptions();

  // With a webhook it refuses to subscribe: what was subscribed before goes on.
  await api.stopNotifications();
  const hooked = new sdk.ConnectApi({ apiKey: process.env.KEY, host: process.env.HTTP, autostartNotifications: false });
  await hooked.updateWebhook(process.env.CALLBACK, { 'x-secret': 'opened' });
  const webhook = (await hooked.getWebhook()).url;
  const calls = heard();
  createInterface({ input: process.stdin }).on('line', (line) => hooked.notify(JSON.parse(line)));
  hooked.on('notification', ({ payload }) => calls.listener(null, payload));
  press(2);
  const called = await calls.until('2');
  await hooked.deleteDeviceSubscriptions(device);
  await hooked.deleteWebhook();
  const result = {
    device,
    resources,
    maker: maker.value,
    light: written.value,
    absent,
    first,
    notified,
    subscribed,
    subscriptions,
    presubscriptions,
    noPresubscriptions,
    webhook,
    called,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
