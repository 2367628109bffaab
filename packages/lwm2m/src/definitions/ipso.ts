import type { ResourceType } from '../model/value.ts';
import { defineObject, type Operations, type ResourceDefinition } from './definition.ts';

type Row = readonly [id: number, name: string, operations: Operations, type: ResourceType];

const rows: readonly Row[] = [
  [5500, 'Digital Input State', 'R', 'boolean'],
  [5501, 'Digital Input Counter', 'R', 'integer'],
  [5502, 'Digital Input Polarity', 'RW', 'boolean'],
  [5503, 'Digital Input Debounce', 'RW', 'integer'],
  [5504, 'Digital Input Edge Selection', 'RW', 'integer'],
  [5505, 'Digital Input Counter Reset', 'E', 'none'],
  [5506, 'Current Time', 'RW', 'time'],
  [5514, 'Latitude', 'R', 'string'],
  [5515, 'Longitude', 'R', 'string'],
  [5516, 'Uncertainty', 'R', 'string'],
  [5517, 'Velocity', 'R', 'opaque'],
  [5518, 'Timestamp', 'R', 'time'],
  [5519, 'Min Limit', 'R', 'float'],
  [5520, 'Max Limit', 'R', 'float'],
  [5521, 'Delay Duration', 'RW', 'float'],
  [5523, 'Trigger', 'E', 'none'],
  [5524, 'Duration', 'RW', 'float'],
  [5525, 'Minimum Off-time', 'RW', 'float'],
  [5526, 'Timer Mode', 'RW', 'integer'],
  [5527, 'Text', 'RW', 'string'],
  [5534, 'Counter', 'R', 'integer'],
  [5536, 'Current Position', 'RW', 'float'],
  [5538, 'Remaining Time', 'R', 'float'],
  [5541, 'Up Counter', 'RW', 'integer'],
  [5542, 'Down Counter', 'RW', 'integer'],
  [5543, 'Digital State', 'R', 'boolean'],
  [5544, 'Cumulative Time', 'RW', 'float'],
  [5547, 'Multi-state Input', 'R', 'integer'],
  [5548, 'Level', 'RW', 'float'],
  [5550, 'Digital Output State', 'RW', 'boolean'],
  [5551, 'Digital Output Polarity', 'RW', 'boolean'],
  [5600, 'Analog Input Current Value', 'R', 'float'],
  [5601, 'Min Measured Value', 'R', 'float'],
  [5602, 'Max Measured Value', 'R', 'float'],
  [5603, 'Min Range Value', 'R', 'float'],
  [5604, 'Max Range Value', 'R', 'float'],
  [5605, 'Reset Min and Max Measured Values', 'E', 'none'],
  [5650, 'Analog Output Current Value', 'RW', 'float'],
  [5700, 'Sensor Value', 'R', 'float'],
  [5701, 'Sensor Units', 'R', 'string'],
  [5702, 'X Value', 'R', 'float'],
  [5703, 'Y Value', 'R', 'float'],
  [5704, 'Z Value', 'R', 'float'],
  [5705, 'Compass Direction', 'R', 'float'],
  [5706, 'Colour', 'RW', 'string'],
  [5750, 'Application Type', 'RW', 'string'],
  [5751, 'Sensor Type', 'R', 'string'],
  [5800, 'Instantaneous Active Power', 'R', 'float'],
  [5805, 'Cumulative Active Power', 'R', 'float'],
  [5810, 'Instantaneous Reactive Power', 'R', 'float'],
  [5815, 'Cumulative Reactive Power', 'R', 'float'],
  [5820, 'Power Factor', 'R', 'float'],
  [5821, 'Current Calibration', 'RW', 'float'],
  [5822, 'Reset Cumulative Energy', 'E', 'none'],
  [5850, 'On/Off', 'RW', 'boolean'],
  [5851, 'Dimmer', 'RW', 'integer'],
  [5852, 'On Time', 'RW', 'integer'],
  [5853, 'Multi-state Output', 'RW', 'string'],
  [5854, 'Off Time', 'RW', 'integer'],
  [5900, 'Set Point Value', 'RW', 'float'],
  [5903, 'Busy to Clear Delay', 'RW', 'integer'],
  [5904, 'Clear to Busy Delay', 'RW', 'integer'],
  [6042, 'Measurement Quality Indicator', 'R', 'integer'],
  [6049, 'Measurement Quality Level', 'R', 'integer'],
  [6050, 'Fractional Timestamp', 'R', 'float'],
];

/**
 * Resources that mean the same in whatever object they stand (OMA's registry of reusable resources, begun by IPSO). They
 * tell the types of objects that are not known by themselves.
 */
export const reusableResources: ReadonlyMap<number, ResourceDefinition> = new Map(
  rows.map(([id, name, operations, type]) => [id, { id, name, operations, type, multiple: false }]),
);

const sensor = [5700, 5701, 5601, 5602, 5603, 5604, 5605, 5750, 5518, 6050, 6042, 6049];

const objectOf = (id: number, name: string, resources: readonly number[]) =>
  defineObject(
    id,
    name,
    '1.1',
    'multiple',
    rows.filter(([resource]) => resources.includes(resource)),
  );

/** The smart objects that are met most. The rest is told by {@link reusableResources}. */
export const ipsoObjects = [
  objectOf(3200, 'Digital Input', [5500, 5501, 5502, 5503, 5504, 5505, 5750, 5751, 5518, 6050]),
  objectOf(3201, 'Digital Output', [5550, 5551, 5750, 5518, 6050]),
  objectOf(3202, 'Analog Input', [5600, 5601, 5602, 5603, 5604, 5605, 5750, 5751, 5518, 6050, 6042, 6049]),
  objectOf(3203, 'Analog Output', [5650, 5603, 5604, 5750, 5518, 6050]),
  objectOf(3300, 'Generic Sensor', [...sensor, 5751]),
  objectOf(3301, 'Illuminance', sensor),
  objectOf(3302, 'Presence', [5500, 5501, 5505, 5751, 5903, 5904, 5518, 6050]),
  objectOf(3303, 'Temperature', sensor),
  objectOf(3304, 'Humidity', sensor),
  objectOf(3306, 'Actuation', [5850, 5851, 5852, 5853, 5750, 5518, 6050]),
  objectOf(3308, 'Set Point', [5900, 5701, 5706, 5750, 5518, 6050]),
  objectOf(3311, 'Light Control', [5850, 5851, 5852, 5805, 5820, 5706, 5701, 5750]),
  objectOf(3312, 'Power Control', [5850, 5851, 5852, 5805, 5820, 5750, 5518, 6050]),
  objectOf(3313, 'Accelerometer', [5702, 5703, 5704, 5701, 5603, 5604, 5518, 6050, 6042, 6049]),
  objectOf(3315, 'Barometer', sensor),
  objectOf(3323, 'Pressure', [...sensor, 5821]),
  objectOf(3336, 'Location', [5514, 5515, 5516, 5705, 5517, 5518, 5750]),
  objectOf(3342, 'On/Off Switch', [5500, 5501, 5852, 5854, 5750, 5518, 6050]),
];
