/** Another instance of the application: it pulls and handles what somebody else writes. */
import { DataSource } from 'typeorm';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { engineWith } from './engine.js';

const [baseUrl = '', url = ''] = process.argv.slice(2);
const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
const engine = engineWith(
  { baseUrl, store: typeOrmStore({ dataSource }), pump: { startFrom: 'live' } },
  { transaction: true, handle: () => {} },
);
await engine.start();
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
