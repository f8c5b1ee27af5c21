// Wraps undici's dispatchers so that the last word is spoken when the socket is there and the bytes are about to go.

import type { Dispatch, Dispatcher, DispatchHandler } from "./ccxt-loader.ts";
import { currentContext, type RequestContext } from "./request-context.ts";

export class FencedDispatchers {
  readonly #refusalOf: (context: RequestContext) => Error | null;
  readonly #made = new WeakMap<Dispatcher, Dispatcher>();

  constructor(refusalOf: (context: RequestContext) => Error | null) {
    this.#refusalOf = refusalOf;
  }

  of(dispatcher: Dispatcher): Dispatcher {
    let fenced = this.#made.get(dispatcher);
    if (fenced === undefined) {
      fenced = dispatcher.compose((dispatch) => this.#fence(dispatch));
      this.#made.set(dispatcher, fenced);
    }
    return fenced;
  }

  /** undici calls onRequestStart synchronously before it writes: an abort there means that nothing was written. */
  #fence(dispatch: Dispatch): Dispatch {
    return (options, handler) => {
      const context = currentContext();
      const fenced: DispatchHandler = {
        onRequestStart: (controller, state) => {
          const refusal = this.#refusalOf(context);
          if (refusal !== null) return controller.abort(refusal);
          context.wasWritten = true;
          return handler.onRequestStart?.(controller, state);
        },
        onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
        onResponseStart: (...args) => handler.onResponseStart?.(...args),
        onResponseData: (...args) => handler.onResponseData?.(...args),
        onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
        onResponseError: (...args) => handler.onResponseError?.(...args),
      };
      return dispatch(options, fenced);
    };
  }
}
