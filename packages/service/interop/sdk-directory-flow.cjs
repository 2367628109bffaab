// Runs inside the SDK's own process: the device directory by mbed-cloud-sdk, both of its layers. Prints one JSON object of what
// came back. Environment: SDK (its folder), HTTP, HTTPS, KEY, DEVICE (id of a registered device), CERTIFICATE (that denied one).
'use strict';
const fs = require('fs');
const sdk = require(process.env.SDK);
const { HTTP: http, HTTPS: https, KEY: apiKey, DEVICE: deviceId, CERTIFICATE: certificate } = process.env;

const identity = (number) => `A-${number.toString(16).padStart(64, '0').match(/../g).join(':').toUpperCase()}`;

const failure = (work) =>
  work.then(
    () => 'nothing failed',
    (error) => ({ code: error.code || (error.innerError && error.innerError.status) })
  );

const soon = () => new Promise((resolve) => setTimeout(resolve, 50));

async function completed(read) {
  for (let count = 0; count < 100; count++) {
    const found = await read();
    if (found.status === 'completed') return found;
    await soon();
  }
  throw new Error('never completed');
}

async function legacy() {
  const directory = new sdk.DeviceDirectoryApi({ apiKey, host: http });
  const connect = new sdk.ConnectApi({ apiKey, host: http });
  const enrollment = new sdk.EnrollmentApi({ apiKey, host: http });
  const made = await directory.addDevice({
    name: 'js-legacy',
    mechanism: 'connector',
    certificateFingerprint: 'cd'.repeat(32),
    customAttributes: { site: 'north' },
    deviceExecutionMode: 1,
    alias: 'node-js',
  });
  const changed = await directory.updateDevice({ id: made.id, name: 'js-legacy-2' });
  const read = await directory.getDevice(made.id);
  const names = (list) => list.data.map(({ name }) => name);
  const all = await directory.listDevices({ limit: 2, order: 'DESC', include: ['totalCount'] });
  const filter = async (parts) => names(await directory.listDevices({ filter: parts }));
  const since = new Date('2020-01-01T00:00:00Z');
  const lists = {
    state: await filter({ state: { $eq: 'registered' } }),
    attribute: await filter({ customAttributes: { site: { $eq: 'north' } }, createdAt: { $gte: since } }),
    attributeNot: await filter({ customAttributes: { site: { $neq: 'north' } } }),
    alias: await filter({ alias: { $eq: 'node-js' } }),
    none: await filter({ createdAt: { $lte: since } }),
    connected: (await connect.listConnectedDevices()).data.map(({ id }) => id === deviceId),
  };
  const query = await directory.addQuery({ name: 'js', filter: { state: { $eq: 'registered' } } });
  const renamed = await directory.updateQuery({ id: query.id, name: 'js-2', filter: { name: { $eq: 'x' } } });
  const queries = names(await directory.listQueries());
  await directory.deleteQuery(query.id);
  const events = await directory.listDeviceEvents({ filter: { deviceId: { $eq: deviceId } } });
  const event = await directory.getDeviceEvent(events.data[0].id);
  const kept = await failure(directory.deleteDevice(deviceId));
  await directory.deleteDevice(made.id);
  const gone = await failure(directory.getDevice(made.id));
  const claim = await enrollment.addEnrollmentClaim({ claimId: identity(21) });
  const again = await failure(enrollment.addEnrollmentClaim({ claimId: identity(21) }));
  const claims = await enrollment.listEnrollmentClaims();
  const claimed = await enrollment.getEnrollmentClaim(claim.id);
  await enrollment.deleteEnrollmentClaim(claim.id);
  const metrics = await connect.listMetrics({
    period: { duration: 1, unit: 'days' },
    interval: { duration: 1, unit: 'days' },
    include: ['fullRegistrations'],
  });
  return {
    device: {
      name: read.name,
      state: read.state,
      alias: read.alias,
      attributes: read.customAttributes,
      created: read.createdAt,
    },
    changed: changed.name,
    all: [all.totalCount, all.data.length, all.data[0].name],
    lists,
    queries: [query.filter, renamed.name, queries],
    events: events.data.map(({ eventDescription, description, type }) => [type, eventDescription || description]),
    event: event.type,
    kept,
    gone,
    again,
    claims: [claims.data.length, claimed.claimId === identity(21)],
    metrics: metrics.data[metrics.data.length - 1].fullRegistrations,
  };
}

async function repositories() {
  const { foundation } = new sdk.SDK({ apiKey, host: https });
  const factory = foundation();
  const devices = factory.deviceRepository();
  const groups = factory.deviceGroupRepository();
  const made = await devices.create({
    name: 'js-repository',
    customAttributes: { site: 'west' },
    deviceExecutionMode: 1,
  });
  const changed = await devices.update({ description: 'on the roof' }, made.id);
  const read = await devices.read(made.id);
  const names = async (filter) =>
    (await devices.list({ filter, include: ['totalCount'] }).all()).map(({ name }) => name);
  const lists = {
    state: await names({ state: { in: ['registered'] } }),
    name: await names({ name: { eq: 'js-repository' }, createdAt: { gte: new Date('2020-01-01T00:00:00Z') } }),
  };
  const group = await groups.create({ name: 'js', customAttributes: { level: '1' } });
  await devices.addToGroup({ deviceId: made.id }, group.id);
  await groups.addDevice({ deviceId }, group.id);
  const members = (await groups.devices(group.id).all()).map(({ id }) => id);
  const counted = (await groups.read(group.id)).devicesCount;
  await groups.removeDevice({ deviceId }, group.id);
  const left = (await groups.read(group.id)).devicesCount;
  await groups.update({ name: 'js-2' }, group.id);
  const groupNames = (await groups.list().all()).map(({ name }) => name);
  await groups.delete(group.id);
  const events = await factory
    .deviceEventsRepository()
    .list({ filter: { deviceId: { eq: deviceId } } })
    .all();
  const renewal = await failure(devices.renewCertificate('customer.dlms', made.id));

  const enrollments = factory.deviceEnrollmentRepository();
  const claim = await enrollments.create({ enrollmentIdentity: identity(31) });
  fs.writeFileSync('claims.csv', `identity\n${identity(32)}\n${identity(31)}\nwrong\n`);
  const creates = factory.deviceEnrollmentBulkCreateRepository();
  const sent = await creates.create(fs.createReadStream('claims.csv'));
  const bulk = await completed(() => creates.read(sent.id));
  const deletes = factory.deviceEnrollmentBulkDeleteRepository();
  const sentDelete = await deletes.delete(fs.createReadStream('claims.csv'));
  const deleted = await completed(() => deletes.read(sentDelete.id));
  const waiting = (await enrollments.list().all()).length;
  const denials = await factory
    .deviceEnrollmentDenialRepository()
    .list({ filter: { trustedCertificateId: { eq: certificate } } })
    .all();
  const keys = factory.preSharedKeyRepository();
  await keys.create({ endpointName: 'my-endpoint-0002', secretHex: '4a'.repeat(16) });
  const listed = (await keys.list().all()).map(({ endpointName }) => endpointName);
  const key = await keys.read('my-endpoint-0002');
  await keys.delete('my-endpoint-0002');
  await devices.delete(made.id);
  const gone = await failure(devices.read(made.id));
  return {
    device: { name: read.name, description: changed.description, attributes: read.customAttributes, state: read.state },
    created: read.createdAt instanceof Date || typeof read.createdAt,
    lists,
    group: [members.length, counted, left, groupNames],
    events: events.map(({ eventType, stateChange }) => [eventType, stateChange]),
    renewal,
    bulk: [bulk.totalCount, bulk.errorsCount, /full-report/.test(bulk.fullReportFile)],
    deleted: [deleted.errorsCount, waiting],
    denials: denials.map(({ endpointName }) => endpointName),
    keys: [listed, key.endpointName],
    gone,
    claim: claim.enrollmentIdentity === identity(31),
  };
}

(async () => {
  const part = process.env.PART === 'legacy' ? await legacy() : await repositories();
  process.stdout.write(JSON.stringify(part));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n${JSON.stringify(error, null, 1)}\n`);
  process.exit(1);
});
