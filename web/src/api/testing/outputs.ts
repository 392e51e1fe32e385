// A saved picture as the server tells of it, for tests.
import type { OutputInfo } from '../messages.gen';

export const output = (id: number, node = 'save'): OutputInfo => ({
  id,
  node,
  job: 'a',
  url: `/api/files/results/${id}.png`,
  name: `${id}.png`,
  media_type: 'image/png',
  width: 8,
  height: 8,
  text: '',
  created: id,
});
