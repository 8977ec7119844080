import { useRouter } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, ReactNode } from "react";

/**
 * A link within the dashboard, by address: a real one, so that it can be opened in another tab, copied and followed by
 * keyboard. Addresses are built by `routes/paths.ts`.
 */
export function AppLink({
  to,
  children,
  onClick,
  ...rest
}: { to: string; children: ReactNode } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href">) {
  const router = useRouter();
  return (
    <a
      {...rest}
      href={to}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.history.push(to);
      }}
    >
      {children}
    </a>
  );
}

export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly { to: string; name: string; isCurrent: boolean }[];
}) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ to, name, isCurrent }) => (
        <AppLink key={to} to={to} aria-current={isCurrent ? "page" : undefined}>
          {name}
        </AppLink>
      ))}
    </nav>
  );
}
