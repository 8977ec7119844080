import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { I18nProvider } from "react-aria-components";
import { ApiError } from "./api/client.ts";
import { takeTokenFromAddress } from "./api/session.ts";
import { getLocale } from "./messages/locale.ts";
import { router } from "./router.tsx";
import { applySettings, followOtherTabs } from "./shell/settings.ts";
import "./styles/index.css";

const RETRIES = 2;

takeTokenFromAddress();
applySettings();
followOtherTabs();

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refuses, it refuses again; only what did not reach it is worth another try.
      retry: (count, error) =>
        count < RETRIES && error instanceof ApiError && (error.status === 0 || error.status >= 500),
      staleTime: 5000,
    },
  },
});

const element = document.querySelector("#root");
if (element === null) throw new Error("the page has no root");
createRoot(element).render(
  <StrictMode>
    <I18nProvider locale={getLocale()}>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </I18nProvider>
  </StrictMode>,
);
