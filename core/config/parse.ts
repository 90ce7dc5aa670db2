/** From a file's text to a document, whatever its format. */
import { type ConfigFormat, type ParseResult, syntaxError } from './document.ts';
import { parseJsonDocument } from './json.ts';
import { DEEPEST, scanNesting } from './nesting.ts';
import { parseTomlDocument } from './toml.ts';

/**
 * Parses a configuration file.
 * @param format as given on the command line; absent: by the name's extension, else by the content
 */
export function parseDocument(file: string, content: string, format?: ConfigFormat): ParseResult {
  const text = content.replace(/^\uFEFF/, '');
  const language = format ?? detectFormat(file, text);
  const { tooDeep } = scanNesting(text, language);
  if (tooDeep !== undefined) {
    const message = `nested deeper than ${DEEPEST} levels: no directive needs that`;
    return { issues: [syntaxError(file, tooDeep, 1, message)] };
  }
  return language === 'json' ? parseJsonDocument(file, text) : parseTomlDocument(file, text);
}

/** The format of a file. No TOML document starts with a brace, and every JSON configuration does. */
export function detectFormat(file: string, content: string): ConfigFormat {
  if (file.endsWith('.json')) return 'json';
  if (file.endsWith('.toml')) return 'toml';
  return /^\s*\{/.test(content) ? 'json' : 'toml';
}
