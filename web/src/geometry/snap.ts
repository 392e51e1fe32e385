// The grid things come to rest on.
export const STEP = 8;

export const snapped = (value: number): number => Math.round(value / STEP) * STEP;
