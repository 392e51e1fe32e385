import type { JSONSchema4 } from 'json-schema';

export const schemaFile: string;
export const typesFile: string;
export function typesFrom(schema: JSONSchema4): Promise<string>;
