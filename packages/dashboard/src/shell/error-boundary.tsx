import { Component, type ReactNode } from "react";
import { t } from "../messages/en.ts";
import { Failure } from "../ui/states.tsx";

/** A page that breaks leaves the rest of the dashboard usable. React has error boundaries as classes only. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="page">
        <h1>{t.common.broken}</h1>
        <Failure error={error} retry={() => this.setState({ error: null })} />
      </div>
    );
  }
}
