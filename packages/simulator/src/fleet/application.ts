import { codes } from '@mooring/coap';
import { type ObjectTree, objectShape, StoredInstance } from '@mooring/lwm2m';

// The resources of Pelion's own example: buttons that were pressed, and a light that blinks.
const counterShape = objectShape(3200, [
  { id: 5501, type: 'integer', operations: 'R', name: 'button_count', autoObserved: true, published: true },
]);
const lightShape = objectShape(3201, [
  { id: 5850, type: 'none', operations: 'E', name: 'blink_action' },
  { id: 5853, type: 'string', operations: 'RW', name: 'blink_pattern', observable: true },
]);
/** And a thermometer that says nothing unless it is observed. */
const sensorShape = objectShape(3303, [
  { id: 5700, type: 'float', operations: 'R', name: 'Sensor_Value', observable: true },
  { id: 5701, type: 'string', operations: 'R', name: 'Units' },
]);

class Light extends StoredInstance {
  execute(): undefined {
    return undefined;
  }
}

class Sensor extends StoredInstance {
  override write() {
    return codes.methodNotAllowed;
  }
}

/** What an application on a simulated device would have: paths for the service to read, write, execute and observe. */
export class SimulatedApplication {
  static readonly counterPath = [3200, 0, 5501];
  static readonly sensorPath = [3303, 0, 5700];
  readonly #counter = new Sensor([[5501, 0]]);
  readonly #sensor = new Sensor([
    [5700, 20],
    [5701, 'Cel'],
  ]);
  #count = 0;

  constructor(tree: ObjectTree) {
    tree.addObject(counterShape);
    tree.addInstance(3200, 0, this.#counter);
    tree.addObject(lightShape);
    tree.addInstance(3201, 0, new Light([[5853, '500:500']]));
    tree.addObject(sensorShape);
    tree.addInstance(3303, 0, this.#sensor);
  }

  press(): void {
    this.#counter.set(5501, ++this.#count);
  }

  measure(celsius: number): void {
    this.#sensor.set(5700, celsius);
  }
}
