import { armhf } from './distribution-node.ts';
import { testOnBoard } from './on-board.ts';

testOnBoard(armhf);
