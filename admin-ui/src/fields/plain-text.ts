/** HTML → its text. The parser's document is inert: it runs nothing and loads nothing. */
export const plainText = (html: string): string => {
  const text = new DOMParser().parseFromString(html.replace(/<[^>]*>/g, ' '), 'text/html').documentElement.textContent ?? '';
  return text.replace(/\s+/g, ' ').trim();
};
