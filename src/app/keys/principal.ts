import type { Actor } from "../../core/session/state.ts";
import type { Grants } from "./grants.ts";

/** Who asks, and what they may do. */
export type Principal =
  /** The holder of `OPSCORE_API_KEY`: may do everything. */
  | { readonly kind: "root" }
  | {
      readonly kind: "key";
      readonly id: string;
      readonly name: string;
      readonly grants: Grants;
      /** Epoch ms. */
      readonly expiresAt: number | null;
    }
  /** Somebody with a token of the identity provider. */
  | { readonly kind: "user"; readonly id: string; readonly grants: Grants };

export const ROOT: Principal = { kind: "root" };

/** One text for each principal, and for no other. */
export const nameOf = (principal: Principal): string =>
  principal.kind === "root" ? "root" : principal.kind === "key" ? principal.id : `user:${principal.id}`;

/** The principal as logs name it. */
export const actorOf = (principal: Principal): Actor => {
  switch (principal.kind) {
    case "root":
      return { kind: "key", id: "root" };
    case "key":
      return { kind: "key", id: principal.id, name: principal.name };
    case "user":
      return { kind: "user", id: principal.id };
  }
};
