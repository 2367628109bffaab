import type { Catalogue } from '../definitions/catalogue.ts';
import { contentFormats, currentFormat } from '../formats/content-format.ts';
import type { Node } from '../model/node.ts';
import type { Path } from '../model/path.ts';

const { text, opaque, cbor, senmlJson, senmlCbor, tlv } = contentFormats;

/** In which format to write to a device: by its version, by what it registered, and by what it answered before. */
export class FormatChoice {
  readonly #young: boolean;
  readonly #registered: ReadonlySet<number>;
  /** Those that the device has said it does not take, and the last in which it answered more than one value. */
  #refused: Set<number> | undefined;
  #answered: number | undefined;

  constructor(version: string, registered: readonly number[]) {
    this.#young = version !== '1.0';
    this.#registered = new Set(registered.map(currentFormat));
  }

  /** The device answered in this format. */
  heard(format: number | undefined): void {
    const current = format === undefined ? undefined : currentFormat(format);
    if (current === tlv || current === senmlJson || current === senmlCbor) this.#answered = current;
  }

  /** The device does not take this format (4.15). */
  refused(format: number): void {
    (this.#refused ??= new Set()).add(format);
  }

  /** Formats for a write, best first; empty when the device has refused all. */
  forWrite(at: Path, node: Node, catalogue: Catalogue): number[] {
    const several = this.#forSeveral();
    if (node.kind !== 'resource' && node.kind !== 'resource instance') return several;
    const type = catalogue.resource(at[0] ?? -1, at[2] ?? -1)?.type;
    const isBytes = type === 'opaque' || (type === undefined && node.value instanceof Uint8Array);
    const single = isBytes ? [opaque, tlv] : [text, tlv];
    return this.#possible(this.#young ? [...single, cbor, ...several] : [...single, ...several]);
  }

  /** For composite operations, which 1.1 has and in SenML alone. */
  forComposite(): number[] {
    const first = this.#answered === senmlJson || !this.#registered.has(senmlCbor) ? senmlJson : senmlCbor;
    const preferred = this.#registered.has(senmlCbor) || this.#registered.has(senmlJson) ? first : senmlCbor;
    return this.#possible([preferred, senmlCbor, senmlJson]);
  }

  #forSeveral(): number[] {
    const registered = [senmlCbor, senmlJson].filter((format) => this.#registered.has(format));
    const heard = this.#answered === undefined ? [] : [this.#answered];
    return this.#possible(
      this.#young ? [...heard, ...registered, tlv, senmlCbor, senmlJson] : [...heard, tlv, senmlJson, senmlCbor],
    );
  }

  #possible(formats: readonly number[]): number[] {
    return [...new Set(formats)].filter((format) => !this.#refused?.has(format));
  }
}
