export { decodeCertificateChain, encodeCertificateChain } from './bootstrap/certificate-chain.ts';
export { decodeRenewalOrder, encodeRenewalOrder, lwm2mCertificateName } from './bootstrap/certificate-renewal.ts';
export { type PelionAccount, pelionSecurityObject, pelionServerObject } from './bootstrap/pelion-payloads.ts';
export {
  type BootstrapRequest,
  parseBootstrapRequest,
  pelionBootstrapQuery,
  standardBootstrapQuery,
} from './bootstrap/request.ts';
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
