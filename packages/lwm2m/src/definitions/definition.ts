import type { ResourceType } from '../model/value.ts';

/** What a server may do: read, write, both, execute; nothing where only a bootstrap server may touch it. */
export type Operations = 'R' | 'W' | 'RW' | 'E' | '';

export interface ResourceDefinition {
  readonly id: number;
  readonly name: string;
  readonly operations: Operations;
  readonly type: ResourceType;
  readonly multiple: boolean;
}

export interface ObjectDefinition {
  readonly id: number;
  readonly name: string;
  /** The version that these resources are of; a client that says none has 1.0 (OMA LwM2M 1.1 §7.2.1). */
  readonly version: string;
  readonly multiple: boolean;
  readonly resources: ReadonlyMap<number, ResourceDefinition>;
}

type Row = readonly [id: number, name: string, operations: Operations, type: ResourceType, multiple?: 'multiple'];

/** One object as the tables of OMA's registry have it. */
export function defineObject(
  id: number,
  name: string,
  version: string,
  instances: 'single' | 'multiple',
  rows: readonly Row[],
): ObjectDefinition {
  return {
    id,
    name,
    version,
    multiple: instances === 'multiple',
    resources: new Map(
      rows.map(([resource, label, operations, type, several]) => [
        resource,
        { id: resource, name: label, operations, type, multiple: several === 'multiple' },
      ]),
    ),
  };
}
