import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

import { staticIcons } from './scripts/static-icons.mjs';

/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default {
  // Styles are plain CSS: handing each to Vite's pipeline twice made up most of a build.
  preprocess: [staticIcons(), vitePreprocess({ style: false })],
  compilerOptions: { runes: ({ filename }) => (filename.split(/[/\\]/).includes('node_modules') ? undefined : true) },
};
