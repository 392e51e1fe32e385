// The wheel zooms at the pointer, a trackpad's two fingers pan, its pinch (sent as Ctrl + wheel) zooms. The user may
// choose that it always zooms or always pans.
import type { Stage } from '../stage.svelte';

const LINE = 16;
const PAGE = 400;

const inPixels = (delta: number, mode: number): number => (mode === 1 ? delta * LINE : mode === 2 ? delta * PAGE : delta);

/** Trackpads send small and slanted steps, a wheel sends large straight ones. */
function isTrackpad(event: WheelEvent): boolean {
  if (event.deltaMode !== 0) return false;
  return event.deltaX !== 0 || (Math.abs(event.deltaY) < 40 && !Number.isInteger(event.deltaY / 10));
}

/** What scrolls by itself keeps the wheel for as long as it has somewhere to go. */
function scrolls(target: EventTarget | null, root: Element, dy: number): boolean {
  if (!(target instanceof Element)) return false;
  for (let at: Element | null = target; at && at !== root; at = at.parentElement) {
    if (at.scrollHeight <= at.clientHeight + 1) continue;
    const overflow = getComputedStyle(at).overflowY;
    if (overflow !== 'auto' && overflow !== 'scroll') continue;
    const room = dy > 0 ? at.scrollHeight - at.clientHeight - at.scrollTop : at.scrollTop;
    if (room > 1 && (at === document.activeElement || at.contains(document.activeElement) || overflow === 'scroll')) return true;
  }
  return false;
}

export function wheel(stage: Stage, event: WheelEvent): void {
  if (!stage.root || (!event.ctrlKey && scrolls(event.target, stage.root, event.deltaY))) return;
  event.preventDefault();
  const { camera, preferences } = stage.editor;
  const pans = preferences.wheel === 'auto' ? isTrackpad(event) : preferences.wheel === 'pan';
  const dx = inPixels(event.deltaX, event.deltaMode);
  const dy = inPixels(event.deltaY, event.deltaMode);
  const at: [number, number] = [event.clientX - camera.origin[0], event.clientY - camera.origin[1]];
  if (event.ctrlKey || event.metaKey) camera.zoomBy(Math.exp(-dy * 0.01), at);
  else if (event.shiftKey) camera.panBy(-(dx || dy), 0);
  else if (pans) camera.panBy(-dx, -dy);
  else camera.zoomBy(Math.exp(-Math.sign(dy) * Math.min(0.25, Math.abs(dy) * 0.0016)), at);
}
