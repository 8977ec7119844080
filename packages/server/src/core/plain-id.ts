/**
 * Ids that are typed into workflows by hand: lists, and objects that a workflow's node names. Objects created through
 * the API may have any other id.
 */
const PLAIN_ID = /^[a-z0-9_-]+$/;

export function isPlainId(text: string): boolean {
  return PLAIN_ID.test(text);
}
