import { type MouseEvent, type ReactNode, useMemo } from "react";
import { parseMarkdown } from "../core/markdown.ts";
import type { MarkdownBlock, MarkdownInline } from "../core/types.ts";
import { Link } from "./links.tsx";

interface Following {
  tabIndex: number;
  onClick: (event: MouseEvent<HTMLAnchorElement>) => void;
}

/** A text of an item: Markdown as elements, markup in it as the text that it is. */
export function Text({ text, ...following }: Following & { text: string }): ReactNode {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return blocks.map((block, index) => <Block key={index} block={block} following={following} />);
}

/** The words alone, on one line. */
export function plain(text: string): string {
  return parseMarkdown(text).map(words).join(" ");
}

function words(node: MarkdownBlock | MarkdownInline): string {
  switch (node.type) {
    case "text":
    case "code":
      return node.text;
    case "list":
      return node.items.map((item) => item.map(words).join("")).join(" ");
    case "break":
    case "rule":
      return " ";
    default:
      return node.children.map(words).join("");
  }
}

function Block({ block, following }: { block: MarkdownBlock; following: Following }): ReactNode {
  switch (block.type) {
    case "paragraph":
      return <p>{inline(block.children, following)}</p>;
    case "heading":
      // A heading of its own would break the outline of the page that the inbox is in.
      return (
        <p>
          <strong>{inline(block.children, following)}</strong>
        </p>
      );
    case "quote":
      return (
        <blockquote>
          {block.children.map((child, index) => (
            <Block key={index} block={child} following={following} />
          ))}
        </blockquote>
      );
    case "list": {
      const items = block.items.map((item, index) => <li key={index}>{inline(item, following)}</li>);
      return block.start === null ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
    }
    case "code":
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      );
    case "rule":
      return <hr />;
  }
}

function inline(nodes: readonly MarkdownInline[], following: Following): ReactNode[] {
  return nodes.map((node, index) => {
    switch (node.type) {
      case "text":
        return node.text;
      case "break":
        return <br key={index} />;
      case "code":
        return <code key={index}>{node.text}</code>;
      case "link":
        return (
          <Link key={index} href={node.href} isNewTab {...following}>
            {inline(node.children, following)}
          </Link>
        );
      default: {
        const Tag = node.type;
        return <Tag key={index}>{inline(node.children, following)}</Tag>;
      }
    }
  });
}
