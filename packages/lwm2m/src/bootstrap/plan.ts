import type { Request } from '@mooring/coap';
import { standardCatalogue } from '../definitions/catalogue.ts';
import { encodeNode } from '../formats/codec.ts';
import { contentFormats } from '../formats/content-format.ts';
import { instance, type ResourceNode } from '../model/node.ts';
import { type ServerAccount, securityResources, serverResources } from './account.ts';
import { type DiscoveredAccounts, freeInstances } from './discovery.ts';
import { type PelionAccount, pelionSecurityObject, pelionServerObject } from './pelion-payloads.ts';

/** What a Pelion client is to get. */
export interface PelionPlan {
  readonly client: 'pelion';
  /** Without credentials in it the device makes its key and asks for a certificate over EST. */
  readonly account: PelionAccount;
  /** The device id. */
  readonly internalEndpoint: string;
  /** Seconds for `/1/0/1`; the object is not written where this is left out, which every client takes. */
  readonly lifetime?: number;
}

/** What a standard client is to get. */
export interface StandardPlan {
  readonly client: 'standard';
  readonly accounts: readonly ServerAccount[];
  /** The content format that it prefers (`pct`). */
  readonly preferredFormat?: number;
}

export type BootstrapPlan = PelionPlan | StandardPlan;

export const asksForCertificate = (plan: BootstrapPlan): boolean =>
  plan.client === 'pelion' && plan.account.credentials === undefined;

/** One request of a bootstrap, and which answers are as good as success. */
export interface BootstrapStep {
  readonly operation: 'discover' | 'delete' | 'write' | 'finish';
  readonly request: Request;
  /** The same in other content formats, to be tried when the client answers 4.15. */
  readonly alternatives: readonly Request[];
}

const step = (
  operation: BootstrapStep['operation'],
  request: Request,
  alternatives: Request[] = [],
): BootstrapStep => ({
  operation,
  request,
  alternatives,
});

const remove = (...path: string[]) => step('delete', { method: 'DELETE', path });
const finish = (query: string[] = []) =>
  step('finish', { method: 'POST', path: ['bs'], ...(query.length ? { query } : {}) });

function pelionSteps({ account, internalEndpoint, lifetime }: PelionPlan): BootstrapStep[] {
  const write = (path: string, payload: Uint8Array) =>
    step('write', { method: 'PUT', path: [path], contentFormat: contentFormats.tlv, payload });
  return [
    remove('0'),
    write('0', pelionSecurityObject(account)),
    ...(lifetime === undefined ? [] : [write('1', pelionServerObject(lifetime, account.shortServerId))]),
    // EST needs the id in here; otherwise clients expect nothing.
    finish(account.credentials ? [] : [`iep=${internalEndpoint}`]),
  ];
}

const { tlv, senmlCbor, senmlJson } = contentFormats;
const writable: readonly number[] = [tlv, senmlCbor, senmlJson];

/** TLV first, which 1.0 knows alone, unless the client prefers something or says that it is of a later version. */
export function writeFormats(preferred: number | undefined, version: string | undefined): number[] {
  const young = version !== undefined && version !== '1.0';
  const usual = young ? [senmlCbor, senmlJson, tlv] : writable;
  return preferred !== undefined && writable.includes(preferred)
    ? [preferred, ...usual.filter((format) => format !== preferred)]
    : [...usual];
}

const discover = step('discover', { method: 'GET', path: ['0'], accept: contentFormats.linkFormat });

function standardSteps(plan: StandardPlan, discovered: DiscoveredAccounts | undefined): BootstrapStep[] {
  const formats = writeFormats(plan.preferredFormat, discovered?.version);
  const write = (objectId: number, id: number, resources: readonly ResourceNode[]) => {
    const [first, ...others] = formats.map(
      (contentFormat): Request => ({
        method: 'PUT',
        path: [String(objectId), String(id)],
        contentFormat,
        payload: encodeNode(contentFormat, [objectId, id], instance(id, resources), standardCatalogue),
      }),
    );
    return step('write', first as Request, others);
  };
  const places = freeInstances(discovered, plan.accounts.length);
  return [
    remove('0'),
    remove('1'),
    ...plan.accounts.flatMap((account, index) => [
      write(0, places[index] as number, securityResources(account)),
      write(1, index, serverResources(account)),
    ]),
    finish(),
  ];
}

/** What is sent first; a standard client is asked what it has before anything is written. */
export const firstSteps = (plan: BootstrapPlan): BootstrapStep[] =>
  plan.client === 'pelion' ? pelionSteps(plan) : [discover];

/** What follows when the client has told what it has, or that it does not tell. */
export const stepsAfterDiscovery = (
  plan: BootstrapPlan,
  discovered: DiscoveredAccounts | undefined,
): BootstrapStep[] => (plan.client === 'pelion' ? [] : standardSteps(plan, discovered));
