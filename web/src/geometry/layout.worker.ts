// The layout of large graphs takes a while: it is made here, so that the page goes on.
import { layOut, type LayoutJob } from './framed-layout';

addEventListener('message', (event: MessageEvent<LayoutJob>) => postMessage(layOut(event.data)));
