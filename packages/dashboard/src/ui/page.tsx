import { ArrowLeft } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { useAccess } from "../api/hooks.ts";
import { t } from "../messages/en.ts";
import { AppLink } from "./link.tsx";

/** A page's head, and the title of its tab, which begins with the workspace. */
export function Page({
  title,
  back,
  lead,
  actions,
  wide = false,
  children,
}: {
  title: string;
  back?: { to: string; label: string };
  lead?: ReactNode;
  actions?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  useTitle(title);
  return (
    <div className={wide ? "page full" : "page"}>
      <header className="page-head">
        <div>
          {back === undefined ? null : (
            <AppLink className="back" to={back.to}>
              <ArrowLeft aria-hidden />
              {back.label}
            </AppLink>
          )}
          <h1>{title}</h1>
          {lead === undefined ? null : <div className="soft">{lead}</div>}
        </div>
        {actions === undefined ? null : <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function useTitle(title: string): void {
  const { workspace } = useAccess();
  useEffect(() => {
    document.title = workspace === "" ? `${title} · ${t.name}` : `${workspace} · ${title}`;
  }, [title, workspace]);
}

export function Card({
  title,
  actions,
  children,
  flush = false,
  label,
  className = "",
}: {
  title?: string;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  label?: string;
  className?: string;
}) {
  return (
    <section className={`card ${className}`} aria-label={title ?? label}>
      {title === undefined ? null : (
        <div className="card-head">
          <h2>{title}</h2>
          {actions === undefined ? null : <div className="actions">{actions}</div>}
        </div>
      )}
      {flush ? children : <div className="card-body">{children}</div>}
    </section>
  );
}

export function Facts({ of }: { of: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {of
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
