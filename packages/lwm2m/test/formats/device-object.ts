import { instance, multiple, object, resource } from '../../src/index.ts';

const resources = [
  resource(0, 'Open Mobile Alliance'),
  resource(1, 'Lightweight M2M Client'),
  resource(2, '345000123'),
  resource(3, '1.0'),
  multiple(6, [
    [0, 1],
    [1, 5],
  ]),
  multiple(7, [
    [0, 3800],
    [1, 5000],
  ]),
  multiple(8, [
    [0, 125],
    [1, 900],
  ]),
  resource(9, 100),
  resource(10, 15),
  multiple(11, [[0, 0]]),
  resource(13, new Date('2013-05-02T10:40:15Z')),
  resource(14, '+02:00'),
  resource(16, 'U'),
];

/** The device with which the examples of all formats are made in OMA's documents (LwM2M 1.1 §7.4). */
export const exampleInstance = instance(0, resources);
export const exampleObject = object(3, [exampleInstance]);
