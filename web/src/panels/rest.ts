// The panels that nobody needs to see a workflow: one file, fetched after the first document is shown.
export { default as FormView } from './FormView.svelte';
export { default as GalleryPanel } from '../gallery/GalleryPanel.svelte';
export { default as History } from './History.svelte';
export { default as SettingsPanel } from './SettingsPanel.svelte';
