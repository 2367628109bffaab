import { arm64 } from './distribution-node.ts';
import { testOnBoard } from './on-board.ts';

testOnBoard(arm64);
