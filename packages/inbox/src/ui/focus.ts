/** What has the focus, in the document or in the shadow tree that an element is in. */
export function focusedNear(element: Element | null): HTMLElement | null {
  return (element?.getRootNode() as Document | ShadowRoot | undefined)?.activeElement as HTMLElement | null;
}

/**
 * Whether nothing has the focus any more, as after what had it is gone. Not where the user went elsewhere on the page.
 * @param hidden What was just hidden: the browser takes the focus from it only when it next paints.
 */
export function isFocusLost(element: Element | null, hidden: Element | null = null): boolean {
  const near = focusedNear(element);
  if (near !== null && near !== document.body) return hidden?.contains(near) === true;
  const host = (element?.getRootNode() as Partial<ShadowRoot> | undefined)?.host;
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body || activeElement === host;
}
