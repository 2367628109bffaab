export { type ServerAccount, type ServerSecurity, securityModes } from './bootstrap/account.ts';
export { type AccountsDraft, type ClientAccount, clientAccounts, noAccounts } from './bootstrap/accounts-draft.ts';
export { decodeCertificateChain, encodeCertificateChain } from './bootstrap/certificate-chain.ts';
export {
  decodeRenewalOrder,
  encodeRenewalOrder,
  lwm2mCertificateName,
  renewalStatus,
} from './bootstrap/certificate-renewal.ts';
export {
  type BootstrapClientEffect,
  type BootstrapClientEvent,
  type BootstrapClientSettings,
  type BootstrapClientState,
  type BootstrapResult,
  bootstrapClient,
  bootstrapClientTimes,
  startBootstrapClient,
} from './bootstrap/client-machine.ts';
export { type BootstrapClientRules, pelionBootstrapRules, standardBootstrapRules } from './bootstrap/client-rules.ts';
export { type PelionAccount, pelionSecurityObject, pelionServerObject } from './bootstrap/pelion-payloads.ts';
export type { BootstrapPlan, PelionPlan, StandardPlan } from './bootstrap/plan.ts';
export {
  type BootstrapRequest,
  parseBootstrapRequest,
  pelionBootstrapQuery,
  standardBootstrapQuery,
} from './bootstrap/request.ts';
export { type BootstrapHost, BootstrapServer, type Refusal } from './bootstrap/server.ts';
export {
  type BootstrapFailure,
  type BootstrapServerEffect,
  type BootstrapServerEvent,
  type BootstrapServerState,
  bootstrapServer,
  bootstrapServerTimes,
  startBootstrapServer,
} from './bootstrap/server-machine.ts';
export { DeviceClient, type DeviceClientOptions } from './client/device-client.ts';
export { type DeviceHost, type DeviceReport, UntrustedPeer } from './client/device-host.ts';
export {
  type DeviceIdentity,
  type Flavour,
  type PelionFlavourOptions,
  pelionFlavour,
  type StandardFlavourOptions,
  standardFlavour,
  uriParameters,
} from './client/flavour.ts';
export { type InstanceSource, type Outcome, type ResourceValue, StoredInstance } from './client/instance-source.ts';
export {
  type LifeEffect,
  type LifeEvent,
  type LifePhase,
  type LifeReport,
  type LifeRules,
  type LifeState,
  life,
  lifeTimes,
  stoppedLife,
  type Target,
} from './client/life.ts';
export { isWorthTelling, type LastSent, notificationVerdict, type Verdict } from './client/notification-rule.ts';
export {
  type DeviceObject,
  type InstanceFactory,
  type ObjectShape,
  ObjectTree,
  objectShape,
  type ResourceShape,
} from './client/object-tree.ts';
export { pelionServerShape, ServerObjectInstance, standardServerShape } from './client/server-object.ts';
export { type Catalogue, catalogueOf, knownObjects, standardCatalogue } from './definitions/catalogue.ts';
export {
  defineObject,
  type ObjectDefinition,
  type Operations,
  type ResourceDefinition,
} from './definitions/definition.ts';
export { lwm2mErrors } from './errors.ts';
export { decodeEntries, decodeNode, decodePaths, encodeEntries, encodeNode, encodePaths } from './formats/codec.ts';
export { contentFormats, currentFormat, formatOfMediaType, mediaType } from './formats/content-format.ts';
export { formatLinks, type Link, parseLinks } from './formats/link-format.ts';
export { textValue, valueText } from './formats/text.ts';
export { decodeTlv, encodeTlv, type RawTlv, type Tlv, type TlvKind } from './formats/tlv.ts';
export { Machine, type Transition } from './machine/machine.ts';
export { type AttributeChanges, attributeQuery, type NotificationAttributes } from './model/attributes.ts';
export {
  type Entry,
  entriesOf,
  type InstanceNode,
  instance,
  type MultipleResource,
  multiple,
  type Node,
  type ObjectNode,
  object,
  type ResourceInstanceNode,
  type ResourceNode,
  resource,
  resourceInstance,
  type SingleResource,
} from './model/node.ts';
export {
  isSamePath,
  isWithin,
  maxId,
  type Path,
  parseId,
  parsePath,
  pathOfSegments,
  pathSegments,
  pathText,
  root,
} from './model/path.ts';
export { naturalType, type ObjectLink, type ResourceType, type Value } from './model/value.ts';
export {
  type PelionRegisterParameters,
  pelionRegisterQuery,
  pelionUpdateQuery,
  type RegisterParameters,
  type StandardRegisterParameters,
  standardRegisterQuery,
  standardUpdateQuery,
} from './registration/client-query.ts';
export {
  autoObservations,
  autoObserveNumber,
  autoObserveToken,
  formatRegisteredLinks,
  linkValue,
  objectVersions,
  parseRegisteredLinks,
  type RegisteredLink,
  type RegisteredLinks,
  registeredValue,
} from './registration/links.ts';
export { parseRegister, parseUpdate, type Registration, type RegistrationUpdate } from './registration/register.ts';
export { type RegistrationHost, registrationHandler } from './server/registrations.ts';
export {
  type DeviceFacts,
  type EntriesListener,
  type RawPayload,
  type Reading,
  type ReadingListener,
  ServerSession,
  type SessionOptions,
} from './server/session.ts';
