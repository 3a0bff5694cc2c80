/*! clip-download 0.1.0 sources 0c7ec2314eb0f9cf65ae3916c045ee73eb2b095461398037974d733f43195988 */
var F0=Object.defineProperty;var E0=Object.getOwnPropertyDescriptor;var a=(r,L,C,H)=>{for(var V=H>1?void 0:H?E0(L,C):L,e=r.length-1,t;e>=0;e--)(t=r[e])&&(V=(H?t(L,C,V):t(V))||V);return H&&V&&F0(L,C,V),V};var o2=globalThis,a2=o2.ShadowRoot&&(o2.ShadyCSS===void 0||o2.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype,Q2=Symbol(),C3=new WeakMap,W1=class{constructor(L,C,H){if(this._$cssResult$=!0,H!==Q2)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=L,this.t=C}get styleSheet(){let L=this.o,C=this.t;if(a2&&L===void 0){let H=C!==void 0&&C.length===1;H&&(L=C3.get(C)),L===void 0&&((this.o=L=new CSSStyleSheet).replaceSync(this.cssText),H&&C3.set(C,L))}return L}toString(){return this.cssText}},n2=r=>new W1(typeof r=="string"?r:r+"",void 0,Q2),Z=(r,...L)=>{let C=r.length===1?r[0]:L.reduce((H,V,e)=>H+(t=>{if(t._$cssResult$===!0)return t.cssText;if(typeof t=="number")return t;throw Error("Value passed to 'css' function must be a 'css' function result: "+t+". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.")})(V)+r[e+1],r[0]);return new W1(C,r,Q2)},H3=(r,L)=>{if(a2)r.adoptedStyleSheets=L.map(C=>C instanceof CSSStyleSheet?C:C.styleSheet);else for(let C of L){let H=document.createElement("style"),V=o2.litNonce;V!==void 0&&H.setAttribute("nonce",V),H.textContent=C.cssText,r.appendChild(H)}},K2=a2?r=>r:r=>r instanceof CSSStyleSheet?(L=>{let C="";for(let H of L.cssRules)C+=H.cssText;return n2(C)})(r):r;var{is:D0,defineProperty:z0,getOwnPropertyDescriptor:N0,getOwnPropertyNames:I0,getOwnPropertySymbols:W0,getPrototypeOf:j0}=Object,A2=globalThis,V3=A2.trustedTypes,U0=V3?V3.emptyScript:"",G0=A2.reactiveElementPolyfillSupport,j1=(r,L)=>r,U1={toAttribute(r,L){switch(L){case Boolean:r=r?U0:null;break;case Object:case Array:r=r==null?r:JSON.stringify(r)}return r},fromAttribute(r,L){let C=r;switch(L){case Boolean:C=r!==null;break;case Number:C=r===null?null:Number(r);break;case Object:case Array:try{C=JSON.parse(r)}catch{C=null}}return C}},d2=(r,L)=>!D0(r,L),L3={attribute:!0,type:String,converter:U1,reflect:!1,useDefault:!1,hasChanged:d2};Symbol.metadata??=Symbol("metadata"),A2.litPropertyMetadata??=new WeakMap;var V1=class extends HTMLElement{static addInitializer(L){this._$Ei(),(this.l??=[]).push(L)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(L,C=L3){if(C.state&&(C.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(L)&&((C=Object.create(C)).wrapped=!0),this.elementProperties.set(L,C),!C.noAccessor){let H=Symbol(),V=this.getPropertyDescriptor(L,H,C);V!==void 0&&z0(this.prototype,L,V)}}static getPropertyDescriptor(L,C,H){let{get:V,set:e}=N0(this.prototype,L)??{get(){return this[C]},set(t){this[C]=t}};return{get:V,set(t){let M=V?.call(this);e?.call(this,t),this.requestUpdate(L,M,H)},configurable:!0,enumerable:!0}}static getPropertyOptions(L){return this.elementProperties.get(L)??L3}static _$Ei(){if(this.hasOwnProperty(j1("elementProperties")))return;let L=j0(this);L.finalize(),L.l!==void 0&&(this.l=[...L.l]),this.elementProperties=new Map(L.elementProperties)}static finalize(){if(this.hasOwnProperty(j1("finalized")))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(j1("properties"))){let C=this.properties,H=[...I0(C),...W0(C)];for(let V of H)this.createProperty(V,C[V])}let L=this[Symbol.metadata];if(L!==null){let C=litPropertyMetadata.get(L);if(C!==void 0)for(let[H,V]of C)this.elementProperties.set(H,V)}this._$Eh=new Map;for(let[C,H]of this.elementProperties){let V=this._$Eu(C,H);V!==void 0&&this._$Eh.set(V,C)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(L){let C=[];if(Array.isArray(L)){let H=new Set(L.flat(1/0).reverse());for(let V of H)C.unshift(K2(V))}else L!==void 0&&C.push(K2(L));return C}static _$Eu(L,C){let H=C.attribute;return H===!1?void 0:typeof H=="string"?H:typeof L=="string"?L.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(L=>this.enableUpdating=L),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(L=>L(this))}addController(L){(this._$EO??=new Set).add(L),this.renderRoot!==void 0&&this.isConnected&&L.hostConnected?.()}removeController(L){this._$EO?.delete(L)}_$E_(){let L=new Map,C=this.constructor.elementProperties;for(let H of C.keys())this.hasOwnProperty(H)&&(L.set(H,this[H]),delete this[H]);L.size>0&&(this._$Ep=L)}createRenderRoot(){let L=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return H3(L,this.constructor.elementStyles),L}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(L=>L.hostConnected?.())}enableUpdating(L){}disconnectedCallback(){this._$EO?.forEach(L=>L.hostDisconnected?.())}attributeChangedCallback(L,C,H){this._$AK(L,H)}_$ET(L,C){let H=this.constructor.elementProperties.get(L),V=this.constructor._$Eu(L,H);if(V!==void 0&&H.reflect===!0){let e=(H.converter?.toAttribute!==void 0?H.converter:U1).toAttribute(C,H.type);this._$Em=L,e==null?this.removeAttribute(V):this.setAttribute(V,e),this._$Em=null}}_$AK(L,C){let H=this.constructor,V=H._$Eh.get(L);if(V!==void 0&&this._$Em!==V){let e=H.getPropertyOptions(V),t=typeof e.converter=="function"?{fromAttribute:e.converter}:e.converter?.fromAttribute!==void 0?e.converter:U1;this._$Em=V;let M=t.fromAttribute(C,e.type);this[V]=M??this._$Ej?.get(V)??M,this._$Em=null}}requestUpdate(L,C,H,V=!1,e){if(L!==void 0){let t=this.constructor;if(V===!1&&(e=this[L]),H??=t.getPropertyOptions(L),!((H.hasChanged??d2)(e,C)||H.useDefault&&H.reflect&&e===this._$Ej?.get(L)&&!this.hasAttribute(t._$Eu(L,H))))return;this.C(L,C,H)}this.isUpdatePending===!1&&(this._$ES=this._$EP())}C(L,C,{useDefault:H,reflect:V,wrapped:e},t){H&&!(this._$Ej??=new Map).has(L)&&(this._$Ej.set(L,t??C??this[L]),e!==!0||t!==void 0)||(this._$AL.has(L)||(this.hasUpdated||H||(C=void 0),this._$AL.set(L,C)),V===!0&&this._$Em!==L&&(this._$Eq??=new Set).add(L))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(C){Promise.reject(C)}let L=this.scheduleUpdate();return L!=null&&await L,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[V,e]of this._$Ep)this[V]=e;this._$Ep=void 0}let H=this.constructor.elementProperties;if(H.size>0)for(let[V,e]of H){let{wrapped:t}=e,M=this[V];t!==!0||this._$AL.has(V)||M===void 0||this.C(V,void 0,e,M)}}let L=!1,C=this._$AL;try{L=this.shouldUpdate(C),L?(this.willUpdate(C),this._$EO?.forEach(H=>H.hostUpdate?.()),this.update(C)):this._$EM()}catch(H){throw L=!1,this._$EM(),H}L&&this._$AE(C)}willUpdate(L){}_$AE(L){this._$EO?.forEach(C=>C.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(L)),this.updated(L)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(L){return!0}update(L){this._$Eq&&=this._$Eq.forEach(C=>this._$ET(C,this[C])),this._$EM()}updated(L){}firstUpdated(L){}};V1.elementStyles=[],V1.shadowRootOptions={mode:"open"},V1[j1("elementProperties")]=new Map,V1[j1("finalized")]=new Map,G0?.({ReactiveElement:V1}),(A2.reactiveElementVersions??=[]).push("2.1.2");var J2=globalThis,e3=r=>r,l2=J2.trustedTypes,r3=l2?l2.createPolicy("lit-html",{createHTML:r=>r}):void 0,X2="$lit$",L1=`lit$${Math.random().toFixed(9).slice(2)}$`,Y2="?"+L1,Q0=`<${Y2}>`,u1=document,Q1=()=>u1.createComment(""),K1=r=>r===null||typeof r!="object"&&typeof r!="function",C5=Array.isArray,n3=r=>C5(r)||typeof r?.[Symbol.iterator]=="function",q2=`[ 	
\f\r]`,G1=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,t3=/-->/g,M3=/>/g,c1=RegExp(`>|${q2}(?:([^\\s"'>=/]+)(${q2}*=${q2}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),i3=/'/g,o3=/"/g,A3=/^(?:script|style|textarea|title)$/i,H5=r=>(L,...C)=>({_$litType$:r,strings:L,values:C}),n=H5(1),_4=H5(2),w4=H5(3),e1=Symbol.for("lit-noChange"),s=Symbol.for("lit-nothing"),a3=new WeakMap,x1=u1.createTreeWalker(u1,129);function d3(r,L){if(!C5(r)||!r.hasOwnProperty("raw"))throw Error("invalid template strings array");return r3!==void 0?r3.createHTML(L):L}var l3=(r,L)=>{let C=r.length-1,H=[],V,e=L===2?"<svg>":L===3?"<math>":"",t=G1;for(let M=0;M<C;M++){let i=r[M],o,l,d=-1,p=0;for(;p<i.length&&(t.lastIndex=p,l=t.exec(i),l!==null);)p=t.lastIndex,t===G1?l[1]==="!--"?t=t3:l[1]!==void 0?t=M3:l[2]!==void 0?(A3.test(l[2])&&(V=RegExp("</"+l[2],"g")),t=c1):l[3]!==void 0&&(t=c1):t===c1?l[0]===">"?(t=V??G1,d=-1):l[1]===void 0?d=-2:(d=t.lastIndex-l[2].length,o=l[1],t=l[3]===void 0?c1:l[3]==='"'?o3:i3):t===o3||t===i3?t=c1:t===t3||t===M3?t=G1:(t=c1,V=void 0);let c=t===c1&&r[M+1].startsWith("/>")?" ":"";e+=t===G1?i+Q0:d>=0?(H.push(o),i.slice(0,d)+X2+i.slice(d)+L1+c):i+L1+(d===-2?M:c)}return[d3(r,e+(r[C]||"<?>")+(L===2?"</svg>":L===3?"</math>":"")),H]},q1=class r{constructor({strings:L,_$litType$:C},H){let V;this.parts=[];let e=0,t=0,M=L.length-1,i=this.parts,[o,l]=l3(L,C);if(this.el=r.createElement(o,H),x1.currentNode=this.el.content,C===2||C===3){let d=this.el.content.firstChild;d.replaceWith(...d.childNodes)}for(;(V=x1.nextNode())!==null&&i.length<M;){if(V.nodeType===1){if(V.hasAttributes())for(let d of V.getAttributeNames())if(d.endsWith(X2)){let p=l[t++],c=V.getAttribute(d).split(L1),S=/([.?@])?(.*)/.exec(p);i.push({type:1,index:e,name:S[2],strings:c,ctor:S[1]==="."?p2:S[1]==="?"?m2:S[1]==="@"?v2:h1}),V.removeAttribute(d)}else d.startsWith(L1)&&(i.push({type:6,index:e}),V.removeAttribute(d));if(A3.test(V.tagName)){let d=V.textContent.split(L1),p=d.length-1;if(p>0){V.textContent=l2?l2.emptyScript:"";for(let c=0;c<p;c++)V.append(d[c],Q1()),x1.nextNode(),i.push({type:2,index:++e});V.append(d[p],Q1())}}}else if(V.nodeType===8)if(V.data===Y2)i.push({type:2,index:e});else{let d=-1;for(;(d=V.data.indexOf(L1,d+1))!==-1;)i.push({type:7,index:e}),d+=L1.length-1}e++}}static createElement(L,C){let H=u1.createElement("template");return H.innerHTML=L,H}};function Z1(r,L,C=r,H){if(L===e1)return L;let V=H!==void 0?C._$Co?.[H]:C._$Cl,e=K1(L)?void 0:L._$litDirective$;return V?.constructor!==e&&(V?._$AO?.(!1),e===void 0?V=void 0:(V=new e(r),V._$AT(r,C,H)),H!==void 0?(C._$Co??=[])[H]=V:C._$Cl=V),V!==void 0&&(L=Z1(r,V._$AS(r,L.values),V,H)),L}var s2=class{constructor(L,C){this._$AV=[],this._$AN=void 0,this._$AD=L,this._$AM=C}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(L){let{el:{content:C},parts:H}=this._$AD,V=(L?.creationScope??u1).importNode(C,!0);x1.currentNode=V;let e=x1.nextNode(),t=0,M=0,i=H[0];for(;i!==void 0;){if(t===i.index){let o;i.type===2?o=new w1(e,e.nextSibling,this,L):i.type===1?o=new i.ctor(e,i.name,i.strings,this,L):i.type===6&&(o=new c2(e,this,L)),this._$AV.push(o),i=H[++M]}t!==i?.index&&(e=x1.nextNode(),t++)}return x1.currentNode=u1,V}p(L){let C=0;for(let H of this._$AV)H!==void 0&&(H.strings!==void 0?(H._$AI(L,H,C),C+=H.strings.length-2):H._$AI(L[C])),C++}},w1=class r{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(L,C,H,V){this.type=2,this._$AH=s,this._$AN=void 0,this._$AA=L,this._$AB=C,this._$AM=H,this.options=V,this._$Cv=V?.isConnected??!0}get parentNode(){let L=this._$AA.parentNode,C=this._$AM;return C!==void 0&&L?.nodeType===11&&(L=C.parentNode),L}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(L,C=this){L=Z1(this,L,C),K1(L)?L===s||L==null||L===""?(this._$AH!==s&&this._$AR(),this._$AH=s):L!==this._$AH&&L!==e1&&this._(L):L._$litType$!==void 0?this.$(L):L.nodeType!==void 0?this.T(L):n3(L)?this.k(L):this._(L)}O(L){return this._$AA.parentNode.insertBefore(L,this._$AB)}T(L){this._$AH!==L&&(this._$AR(),this._$AH=this.O(L))}_(L){this._$AH!==s&&K1(this._$AH)?this._$AA.nextSibling.data=L:this.T(u1.createTextNode(L)),this._$AH=L}$(L){let{values:C,_$litType$:H}=L,V=typeof H=="number"?this._$AC(L):(H.el===void 0&&(H.el=q1.createElement(d3(H.h,H.h[0]),this.options)),H);if(this._$AH?._$AD===V)this._$AH.p(C);else{let e=new s2(V,this),t=e.u(this.options);e.p(C),this.T(t),this._$AH=e}}_$AC(L){let C=a3.get(L.strings);return C===void 0&&a3.set(L.strings,C=new q1(L)),C}k(L){C5(this._$AH)||(this._$AH=[],this._$AR());let C=this._$AH,H,V=0;for(let e of L)V===C.length?C.push(H=new r(this.O(Q1()),this.O(Q1()),this,this.options)):H=C[V],H._$AI(e),V++;V<C.length&&(this._$AR(H&&H._$AB.nextSibling,V),C.length=V)}_$AR(L=this._$AA.nextSibling,C){for(this._$AP?.(!1,!0,C);L!==this._$AB;){let H=e3(L).nextSibling;e3(L).remove(),L=H}}setConnected(L){this._$AM===void 0&&(this._$Cv=L,this._$AP?.(L))}},h1=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(L,C,H,V,e){this.type=1,this._$AH=s,this._$AN=void 0,this.element=L,this.name=C,this._$AM=V,this.options=e,H.length>2||H[0]!==""||H[1]!==""?(this._$AH=Array(H.length-1).fill(new String),this.strings=H):this._$AH=s}_$AI(L,C=this,H,V){let e=this.strings,t=!1;if(e===void 0)L=Z1(this,L,C,0),t=!K1(L)||L!==this._$AH&&L!==e1,t&&(this._$AH=L);else{let M=L,i,o;for(L=e[0],i=0;i<e.length-1;i++)o=Z1(this,M[H+i],C,i),o===e1&&(o=this._$AH[i]),t||=!K1(o)||o!==this._$AH[i],o===s?L=s:L!==s&&(L+=(o??"")+e[i+1]),this._$AH[i]=o}t&&!V&&this.j(L)}j(L){L===s?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,L??"")}},p2=class extends h1{constructor(){super(...arguments),this.type=3}j(L){this.element[this.name]=L===s?void 0:L}},m2=class extends h1{constructor(){super(...arguments),this.type=4}j(L){this.element.toggleAttribute(this.name,!!L&&L!==s)}},v2=class extends h1{constructor(L,C,H,V,e){super(L,C,H,V,e),this.type=5}_$AI(L,C=this){if((L=Z1(this,L,C,0)??s)===e1)return;let H=this._$AH,V=L===s&&H!==s||L.capture!==H.capture||L.once!==H.once||L.passive!==H.passive,e=L!==s&&(H===s||V);V&&this.element.removeEventListener(this.name,this,H),e&&this.element.addEventListener(this.name,this,L),this._$AH=L}handleEvent(L){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,L):this._$AH.handleEvent(L)}},c2=class{constructor(L,C,H){this.element=L,this.type=6,this._$AN=void 0,this._$AM=C,this.options=H}get _$AU(){return this._$AM._$AU}_$AI(L){Z1(this,L)}},s3={M:X2,P:L1,A:Y2,C:1,L:l3,R:s2,D:n3,V:Z1,I:w1,H:h1,N:m2,U:v2,B:p2,F:c2},K0=J2.litHtmlPolyfillSupport;K0?.(q1,w1),(J2.litHtmlVersions??=[]).push("3.3.3");var p3=(r,L,C)=>{let H=C?.renderBefore??L,V=H._$litPart$;if(V===void 0){let e=C?.renderBefore??null;H._$litPart$=V=new w1(L.insertBefore(Q1(),e),e,void 0,C??{})}return V._$AI(r),V};var V5=globalThis,x=class extends V1{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let L=super.createRenderRoot();return this.renderOptions.renderBefore??=L.firstChild,L}update(L){let C=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(L),this._$Do=p3(C,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return e1}};x._$litElement$=!0,x.finalized=!0,V5.litElementHydrateSupport?.({LitElement:x});var q0=V5.litElementPolyfillSupport;q0?.({LitElement:x});(V5.litElementVersions??=[]).push("4.2.2");var J0={attribute:!0,type:String,converter:U1,reflect:!1,hasChanged:d2},X0=(r=J0,L,C)=>{let{kind:H,metadata:V}=C,e=globalThis.litPropertyMetadata.get(V);if(e===void 0&&globalThis.litPropertyMetadata.set(V,e=new Map),H==="setter"&&((r=Object.create(r)).wrapped=!0),e.set(C.name,r),H==="accessor"){let{name:t}=C;return{set(M){let i=L.get.call(this);L.set.call(this,M),this.requestUpdate(t,i,r,!0,M)},init(M){return M!==void 0&&this.C(t,void 0,r,M),M}}}if(H==="setter"){let{name:t}=C;return function(M){let i=this[t];L.call(this,M),this.requestUpdate(t,i,r,!0,M)}}throw Error("Unsupported decorator location: "+H)};function A(r){return(L,C)=>typeof C=="object"?X0(r,L,C):((H,V,e)=>{let t=V.hasOwnProperty(e);return V.constructor.createProperty(e,H),t?Object.getOwnPropertyDescriptor(V,e):void 0})(r,L,C)}function u(r){return A({...r,state:!0,attribute:!1})}var S1=(r,L,C)=>(C.configurable=!0,C.enumerable=!0,Reflect.decorate&&typeof L!="object"&&Object.defineProperty(r,L,C),C);function O(r,L){return(C,H,V)=>{let e=t=>t.renderRoot?.querySelector(r)??null;if(L){let{get:t,set:M}=typeof H=="object"?C:V??(()=>{let i=Symbol();return{get(){return this[i]},set(o){this[i]=o}}})();return S1(C,H,{get(){let i=t.call(this);return i===void 0&&(i=e(this),(i!==null||this.hasUpdated)&&M.call(this,i)),i}})}return S1(C,H,{get(){return e(this)}})}}var m3={name:"Clip Download",description:"Sieh, was deine Kameras in der Cloud aufgezeichnet haben, wähle einen Zeitraum aus und speichere ihn als Clip.",loading:"Wird geladen",retry:"Erneut versuchen",close:"Schließen",undo:"Rückgängig","kind.alarm":"Alarm","kind.animal":"Tier","kind.ding":"Türklingel","kind.door_activity":"Aktivität an der Tür","kind.motion":"Bewegung","kind.on_demand":"Live-Ansicht","kind.on_demand_link":"Verknüpftes Gerät","kind.package":"Paket","kind.person":"Person","kind.vehicle":"Fahrzeug","label.doorbell":"Türklingel","label.parcel":"Paket","label.visitor":"Besuch","label.incident":"Vorfall","state.no_cameras":"Noch keine Kameras","state.no_cameras_help":"Füge das Cloud-Konto deiner Kameras hinzu.","state.no_rights":"Keine Kameras verfügbar","state.no_rights_help":"Kameras und ihre Clips werden nur Personen gezeigt, die die Kameras steuern dürfen. Bitte einen Administrator um Zugriff.","state.add_account":"Konto hinzufügen","state.missing":"Clip Download läuft nicht","state.missing_help":"Die Integration ist nicht geladen, oder ihre Version passt nicht zu dieser Seite. Starte Home Assistant neu oder öffne die Seite der Integration, um den Grund zu sehen.","state.failed":"Die Kameras konnten nicht geladen werden","state.offline":"Verbindung verloren. Wird wiederhergestellt…","state.day_failed":"Die Zeitleiste konnte nicht geladen werden: {reason}","state.events_failed":"Die Ereignisse konnten nicht geladen werden. {reason}","state.no_such_camera":"Die Kamera dieses Links gibt es nicht, oder du darfst sie nicht verwenden.","state.nothing_shown":"Wähle oben eine Kamera aus.","camera.ok":"Bereit","camera.signed_out":"Abgemeldet","camera.unavailable":"Cloud nicht erreichbar","camera.sign_in":"Anmelden","camera.problem":"{camera}: {reason}",cameras:"Kameras","day.label":"Tag","day.previous":"Vorheriger Tag","day.next":"Nächster Tag","day.today":"Heute","day.pick":"Tag wählen","timeline.title":"Zeitleiste","timeline.label":"Zeitleiste vom {date}, {from} bis {to}","timeline.help":"Plus und Minus zoomen, die Pfeiltasten bewegen die Ansicht, 0 zeigt den ganzen Tag. Die Eingabetaste wählt einen Zeitraum aus, dessen Anfang und Ende Schieberegler sind. Eckige Klammern führen zum vorherigen oder nächsten Ereignis. Escape hebt die Auswahl auf.","timeline.tools":"Werkzeuge der Zeitleiste","timeline.previous_event":"Vorheriges Ereignis","timeline.next_event":"Nächstes Ereignis","timeline.zoom_in":"Vergrößern","timeline.zoom_out":"Verkleinern","timeline.whole_day":"Ganzer Tag","timeline.start_edge":"Anfang des Zeitraums","timeline.end_edge":"Ende des Zeitraums","timeline.edge_value":"{time}, Zeitraum von {length}","timeline.event_selected":"{what}, {camera}, {time}, {length}","timeline.no_more_events":"Keine weiteren Ereignisse an diesem Tag","timeline.none":"Keine Aufnahmen in der Cloud","timeline.gone":"Nicht mehr in der Cloud","timeline.only_motion":"Die Cloud speichert nur Bewegungen","timeline.not_yet":"Noch nicht in der Cloud","timeline.picture_of":"Bild von {time}","timeline.hint_drag":"Ziehe über die Zeitleiste, um auszuwählen, was gespeichert wird, oder tippe auf ein Ereignis.","timeline.hint_touch":"Halte den Finger gedrückt und ziehe dann, um auszuwählen, was gespeichert wird, oder tippe auf ein Ereignis.","legend.footage":"In der Cloud","legend.none":"Keine Aufnahmen","legend.only_motion":"Nur Bewegung","legend.gone":"Nicht mehr in der Cloud","legend.refused":"Von der Cloud verweigert","legend.not_yet":"Noch nicht in der Cloud","legend.clip":"Gespeichert","legend.job":"Wird gespeichert","preset.title":"Schnellauswahl","preset.last_minutes.one":"Letzte {count} Min.","preset.last_minutes.other":"Letzte {count} Min.","preset.last_event":"Letztes Ereignis","preset.no_event":"Kein Ereignis an diesem Tag.","save.title":"Ausgewählter Zeitraum","save.start":"Anfang","save.end":"Ende","save.earlier":"{edge} {length} früher","save.later":"{edge} {length} später","save.wrong_time":"Diese Zeit liegt nicht im Zeitraum","save.clear":"Auswahl aufheben","save.label":"Bezeichnung","save.cameras":"Zu speichernde Kameras","save.about":"etwa {size}","save.cost":"etwa {cost}","save.cost_help":"Ungefähre Kosten, die AWS für den Download berechnet","save.windows":"Andere Zeiträume","save.around":"Um dieses Ereignis herum","save.recording":"Ganze Aufnahme","save.nearest":"Nächstgelegene Aufnahme, {time}","save.until_now":"Bis jetzt + 1 Min.","save.extend":"Auf {length} erweitern","save.extend_help":"Speichert den vorhandenen Clip und diesen Zeitraum als einen Clip. Der kürzere Clip bleibt, bis du ihn löschst.","save.save":"{length} speichern","save.again":"Erneut speichern","save.play_saved":"Gespeicherten Clip abspielen","save.only_events":"{camera}: Die Cloud speichert nur Aufnahmen von Ereignissen. Wähle ein Ereignis aus.","save.gone":"{camera}: Die Cloud hat keine Aufnahmen mehr aus dieser Zeit.","save.only_motion":"{camera}: Die Cloud hat aus dieser Zeit nur Bewegungen.","jobs.title":"Wird gespeichert","jobs.back_fill":"Frühere Aufnahmen werden heruntergeladen","jobs.back_fill_done":"{done} von {total}","jobs.back_fill_list":"Die Liste in der Cloud wird gelesen","jobs.of":"Clip von {what}","jobs.progress":"Fortschritt von {what}","jobs.queued":"In der Warteschlange","jobs.waiting":"Wartet auf die Cloud","jobs.next_try":"{reason} ({left})","jobs.bytes":"Wird heruntergeladen, {received}","jobs.bytes_of":"Wird heruntergeladen, {share}, {received} von {size}","jobs.parts_of":"{done} von {parts} Teilen","jobs.left":"noch etwa {left}","jobs.finishing":"Wird zusammengefügt","jobs.saved":"Gespeichert","jobs.failed":"Nicht gespeichert","jobs.cancelled":"Abgebrochen","jobs.cancel":"Abbrechen","jobs.retry":"Erneut versuchen","jobs.dismiss":"Ausblenden","jobs.dismiss_all":"Abgeschlossene ausblenden","jobs.more.one":"{count} weiteren zeigen","jobs.more.other":"{count} weitere zeigen","jobs.fewer":"Weniger zeigen","jobs.play":"Abspielen","clips.title":"Clips","clips.actions":"Aktionen für den Clip","clips.empty":"An diesem Tag sind keine Clips gespeichert.","clips.none":"Noch keine Clips gespeichert.","clips.none_found":"Keine passenden Clips.","clips.help":"Die Pfeiltasten wechseln zwischen Clips, mit gedrückter Umschalttaste wählen sie Clips aus. Strg+A wählt alle Clips aus, Escape beendet die Auswahl.","clips.more":"Mehr anzeigen","clips.play":"Abspielen","clips.older":"Vorheriger Clip","clips.newer":"Nächster Clip","clips.not_playable":"Dieser Clip kann hier nicht abgespielt werden. Möglicherweise wurde die Datei verschoben oder gelöscht.","clips.kept":"Behalten","clips.partial":"Unvollständig","clips.keep":"Behalten (nie automatisch löschen)","clips.release":"Behalten (zum Freigeben drücken)","clips.label":"Bezeichnung ändern","clips.download":"Herunterladen","clips.share":"Teilen","clips.export":"Als ZIP herunterladen","clips.delete":"Löschen","clips.close":"Player schließen","clips.select":"Auswählen","clips.select_all":"Alle auswählen","clips.select_none":"Keine auswählen","clips.stop_selecting":"Auswahl beenden","clips.selected.one":"{count} ausgewählt","clips.selected.other":"{count} ausgewählt","clips.gaps.one":"{count} Lücke","clips.gaps.other":"{count} Lücken","clips.copied":"Kopie an anderem Ort","clips.away":"Nur an anderem Ort","clips.copied_to":"Am {date} nach {place} kopiert","clips.copy_waits":"Wartet darauf, nach {place} kopiert zu werden","clips.fetching":"Der Clip wird von der Kopie geholt","clips.fetching_of":"{done} von {size}","clips.deleted.one":"{count} Clip wird gelöscht","clips.deleted.other":"{count} Clips werden gelöscht","player.controls":"Player","player.position":"Position","player.filmed":"Aufgenommen um","player.pause":"Pause","player.speed":"Geschwindigkeit","player.mute":"Ton aus","player.unmute":"Stummschaltung aufheben","player.fullscreen":"Vollbild","filter.title":"Filter","filter.search":"Clips suchen","filter.clear":"Filter aufheben","filter.all_days":"Alle Tage","filter.any_camera":"Kamera","filter.any_label":"Bezeichnung","filter.any_event":"Ereignis","filter.any_seen":"Erkannt","label.of.one":"Bezeichnung von {count} Clip. Leer lassen für keine Bezeichnung.","label.of.other":"Bezeichnung von {count} Clips. Leer lassen für keine Bezeichnung.","label.offers":"Verwendete Bezeichnungen","label.save":"Bezeichnung speichern","share.title":"Clip teilen","share.help":"Jeder, der den Link hat, kann diesen Clip ohne Anmeldung ansehen und herunterladen, bis der Link abläuft oder du ihn widerrufst.","share.length":"Link läuft ab nach","share.hour":"1 Stunde","share.day":"1 Tag","share.week":"1 Woche","share.make":"Link erstellen","share.made":"Der Link ist bis {time} gültig.","share.link":"Link","share.copy":"Kopieren","share.copied":"Kopiert","share.send":"Teilen","share.links":"Geteilte Links","share.none":"Keine Links. Teile einen Clip, um einen zu erstellen.","share.ends":"gültig bis {time}","share.opened.one":"{count}-mal geöffnet","share.opened.other":"{count}-mal geöffnet","share.revoke":"Widerrufen","export.packing.one":"ZIP-Datei mit {count} Clip wird erstellt","export.packing.other":"ZIP-Datei mit {count} Clips wird erstellt","export.of":"({done} von {size})","export.progress":"Fortschritt der ZIP-Datei","spared.kept":"Nicht gelöscht: Der Clip wird behalten. Gib ihn zuerst frei.","spared.changed":"Nicht gelöscht: Die Datei wurde nach dem Speichern geändert.","spared.foreign":"Nicht gelöscht: Die Beschreibung dieses Clips fehlt oder gehört zu einem anderen Clip.","spared.linked":"Nicht gelöscht: Anstelle der Datei ist dort eine Verknüpfung.","spared.away":"Nicht gelöscht: Das Laufwerk oder die Netzwerkfreigabe ist nicht verfügbar.","spared.refused":"Nicht gelöscht: Home Assistant darf diese Datei nicht löschen.","spared.not_found":"Diesen Clip gibt es nicht mehr.","card.name":"Clip Download Zeitleiste","card.editor.title":"Titel","card.editor.entities":"Kameras","card.editor.show_clips":"Gespeicherte Clips zeigen","card.editor.show_presets":"Schnellauswahl zeigen","card.suggestion":"Zeitleiste dieser Kamera","strategy.name":"Aufnahmen","strategy.description":"Eine Ansicht mit Zeitleiste und Clips für jede Kamera von Clip Download."};var g1={name:"Clip Download",description:"See what your cameras have recorded in the cloud, select a time range, and save it as a clip.",loading:"Loading",retry:"Try again",close:"Close",undo:"Undo","kind.alarm":"Alarm","kind.animal":"Animal","kind.ding":"Doorbell","kind.door_activity":"Door activity","kind.motion":"Motion","kind.on_demand":"Live view","kind.on_demand_link":"Linked device","kind.package":"Package","kind.person":"Person","kind.vehicle":"Vehicle","label.doorbell":"Doorbell","label.parcel":"Parcel","label.visitor":"Visitor","label.incident":"Incident","state.no_cameras":"No cameras yet","state.no_cameras_help":"Add the cloud account of your cameras.","state.no_rights":"No cameras to show","state.no_rights_help":"Cameras and their clips are shown only to people who are allowed to control the cameras. Ask an administrator for access.","state.add_account":"Add account","state.missing":"Clip Download is not running","state.missing_help":"The integration is not loaded, or its version does not match this page. Restart Home Assistant, or open the page of the integration to see why.","state.failed":"The cameras could not be loaded","state.offline":"Connection lost. Reconnecting…","state.day_failed":"The timeline could not be loaded: {reason}","state.events_failed":"The events could not be loaded. {reason}","state.no_such_camera":"The camera of this link does not exist, or you are not allowed to use it.","state.nothing_shown":"Select a camera above.","camera.ok":"Ready","camera.signed_out":"Signed out","camera.unavailable":"Cloud unreachable","camera.sign_in":"Sign in","camera.problem":"{camera}: {reason}",cameras:"Cameras","day.label":"Day","day.previous":"Previous day","day.next":"Next day","day.today":"Today","day.pick":"Pick a day","timeline.title":"Timeline","timeline.label":"Timeline of {date}, {from} to {to}","timeline.help":"Use plus and minus to zoom, the arrow keys to move, and 0 to show the whole day. Press Enter to select a time range, whose start and end are sliders. Use the bracket keys to go to the previous or next event. Press Escape to clear the selection.","timeline.tools":"Timeline tools","timeline.previous_event":"Previous event","timeline.next_event":"Next event","timeline.zoom_in":"Zoom in","timeline.zoom_out":"Zoom out","timeline.whole_day":"Whole day","timeline.start_edge":"Start of the time range","timeline.end_edge":"End of the time range","timeline.edge_value":"{time}, time range of {length}","timeline.event_selected":"{what}, {camera}, {time}, {length}","timeline.no_more_events":"No more events on this day","timeline.none":"No footage in the cloud","timeline.gone":"No longer in the cloud","timeline.only_motion":"The cloud stores motion only","timeline.not_yet":"Not in the cloud yet","timeline.picture_of":"Picture from {time}","timeline.hint_drag":"Drag across the timeline to select what to save, or tap an event.","timeline.hint_touch":"Touch and hold, then drag to select what to save, or tap an event.","legend.footage":"In the cloud","legend.none":"No footage","legend.only_motion":"Motion only","legend.gone":"No longer in the cloud","legend.refused":"Refused by the cloud","legend.not_yet":"Not in the cloud yet","legend.clip":"Saved","legend.job":"Being saved","preset.title":"Quick choices","preset.last_minutes.one":"Last {count} min","preset.last_minutes.other":"Last {count} min","preset.last_event":"Last event","preset.no_event":"No event on this day.","save.title":"Selected time range","save.start":"Start","save.end":"End","save.earlier":"{edge} {length} earlier","save.later":"{edge} {length} later","save.wrong_time":"Not a time in this time range","save.clear":"Clear selection","save.label":"Label","save.cameras":"Cameras to save","save.about":"about {size}","save.cost":"about {cost}","save.cost_help":"Approximate AWS charge for the download","save.windows":"Other time ranges","save.around":"Around this event","save.recording":"Whole recording","save.nearest":"Nearest recording, {time}","save.until_now":"Until now + 1 min","save.extend":"Extend to {length}","save.extend_help":"Saves the existing clip and this time range as one clip. The shorter clip stays until you delete it.","save.save":"Save {length}","save.again":"Save again","save.play_saved":"Play saved clip","save.only_events":"{camera}: The cloud stores recordings of events only. Select an event.","save.gone":"{camera}: The cloud no longer has footage from this time.","save.only_motion":"{camera}: The cloud has only motion from this time.","jobs.title":"Saving","jobs.back_fill":"Downloading past recordings","jobs.back_fill_done":"{done} of {total}","jobs.back_fill_list":"Reading the list in the cloud","jobs.of":"Clip of {what}","jobs.progress":"Progress of {what}","jobs.queued":"Queued","jobs.waiting":"Waiting for the cloud","jobs.next_try":"{reason} ({left})","jobs.bytes":"Downloading, {received}","jobs.bytes_of":"Downloading {share}, {received} of {size}","jobs.parts_of":"{done} of {parts} parts","jobs.left":"about {left} left","jobs.finishing":"Joining","jobs.saved":"Saved","jobs.failed":"Not saved","jobs.cancelled":"Canceled","jobs.cancel":"Cancel","jobs.retry":"Try again","jobs.dismiss":"Hide","jobs.dismiss_all":"Hide finished clips","jobs.more.one":"Show {count} more","jobs.more.other":"Show {count} more","jobs.fewer":"Show fewer","jobs.play":"Play","clips.title":"Clips","clips.actions":"Clip actions","clips.empty":"No clips saved on this day.","clips.none":"No clips saved yet.","clips.none_found":"No clips match.","clips.help":"Use the arrow keys to move between clips, and hold Shift to select them. Press Ctrl+A to select all clips, and Escape to stop selecting.","clips.more":"Show more","clips.play":"Play","clips.older":"Previous clip","clips.newer":"Next clip","clips.not_playable":"This clip cannot be played here. The file may have been moved or deleted.","clips.kept":"Kept","clips.partial":"Partial","clips.keep":"Keep (never delete automatically)","clips.release":"Kept (press to release)","clips.label":"Edit label","clips.download":"Download","clips.share":"Share","clips.export":"Download as ZIP","clips.delete":"Delete","clips.close":"Close player","clips.select":"Select","clips.select_all":"Select all","clips.select_none":"Select none","clips.stop_selecting":"Stop selecting","clips.selected.one":"{count} selected","clips.selected.other":"{count} selected","clips.gaps.one":"{count} gap","clips.gaps.other":"{count} gaps","clips.copied":"Copied off-site","clips.away":"Off-site only","clips.copied_to":"Copied to {place} on {date}","clips.copy_waits":"Waiting to be copied to {place}","clips.fetching":"Fetching the clip from off-site","clips.fetching_of":"{done} of {size}","clips.deleted.one":"{count} clip will be deleted","clips.deleted.other":"{count} clips will be deleted","player.controls":"Player","player.position":"Position","player.filmed":"Recorded at","player.pause":"Pause","player.speed":"Speed","player.mute":"Mute","player.unmute":"Unmute","player.fullscreen":"Full screen","filter.title":"Filters","filter.search":"Search clips","filter.clear":"Clear filters","filter.all_days":"All days","filter.any_camera":"Camera","filter.any_label":"Label","filter.any_event":"Event","filter.any_seen":"Detected","label.of.one":"Label of {count} clip. Leave empty for no label.","label.of.other":"Label of {count} clips. Leave empty for no label.","label.offers":"Labels in use","label.save":"Save label","share.title":"Share clip","share.help":"Anyone with the link can watch and download this clip without signing in, until the link expires or you revoke it.","share.length":"Link expires after","share.hour":"1 hour","share.day":"1 day","share.week":"1 week","share.make":"Create link","share.made":"The link is valid until {time}.","share.link":"Link","share.copy":"Copy","share.copied":"Copied","share.send":"Share","share.links":"Shared links","share.none":"No links. Share a clip to create one.","share.ends":"valid until {time}","share.opened.one":"opened {count} time","share.opened.other":"opened {count} times","share.revoke":"Revoke","export.packing.one":"Creating a ZIP file of {count} clip","export.packing.other":"Creating a ZIP file of {count} clips","export.of":"({done} of {size})","export.progress":"Progress of the ZIP file","spared.kept":"Not deleted: the clip is kept. Release it first.","spared.changed":"Not deleted: the file was changed after it was saved.","spared.foreign":"Not deleted: the record of this clip is missing or belongs to another clip.","spared.linked":"Not deleted: there is a link in place of the file.","spared.away":"Not deleted: the disk or network share is not available.","spared.refused":"Not deleted: Home Assistant is not allowed to delete this file.","spared.not_found":"This clip no longer exists.","card.name":"Clip Download timeline","card.editor.title":"Title","card.editor.entities":"Cameras","card.editor.show_clips":"Show saved clips","card.editor.show_presets":"Show quick choices","card.suggestion":"Timeline of this camera","strategy.name":"Footage","strategy.description":"A view with the timeline and clips of each Clip Download camera."};var v3={name:"Clip Download",description:"Mira lo que tus cámaras han grabado en la nube, selecciona un intervalo de tiempo y guárdalo como clip.",loading:"Cargando",retry:"Reintentar",close:"Cerrar",undo:"Deshacer","kind.alarm":"Alarma","kind.animal":"Animal","kind.ding":"Timbre","kind.door_activity":"Actividad en la puerta","kind.motion":"Movimiento","kind.on_demand":"Vista en directo","kind.on_demand_link":"Dispositivo vinculado","kind.package":"Paquete","kind.person":"Persona","kind.vehicle":"Vehículo","label.doorbell":"Timbre","label.parcel":"Paquete","label.visitor":"Visita","label.incident":"Incidente","state.no_cameras":"Aún no hay cámaras","state.no_cameras_help":"Añade la cuenta en la nube de tus cámaras.","state.no_rights":"No hay cámaras disponibles","state.no_rights_help":"Las cámaras y sus clips solo se muestran a quienes tienen permiso para controlar las cámaras. Pide acceso a un administrador.","state.add_account":"Añadir cuenta","state.missing":"Clip Download no está en marcha","state.missing_help":"La integración no está cargada o su versión no coincide con esta página. Reinicia Home Assistant o abre la página de la integración para ver el motivo.","state.failed":"No se pudieron cargar las cámaras","state.offline":"Conexión perdida. Reconectando…","state.day_failed":"No se pudo cargar la línea de tiempo: {reason}","state.events_failed":"No se pudieron cargar los eventos. {reason}","state.no_such_camera":"La cámara de este enlace no existe o no tienes permiso para usarla.","state.nothing_shown":"Selecciona una cámara arriba.","camera.ok":"Lista","camera.signed_out":"Sesión cerrada","camera.unavailable":"Nube inaccesible","camera.sign_in":"Iniciar sesión","camera.problem":"{camera}: {reason}",cameras:"Cámaras","day.label":"Día","day.previous":"Día anterior","day.next":"Día siguiente","day.today":"Hoy","day.pick":"Elegir un día","timeline.title":"Línea de tiempo","timeline.label":"Línea de tiempo del {date}, de {from} a {to}","timeline.help":"Más y menos cambian el zoom, las flechas mueven la vista y 0 muestra el día completo. Intro selecciona un intervalo de tiempo, cuyo inicio y fin son deslizadores. Los corchetes llevan al evento anterior o siguiente. Escape borra la selección.","timeline.tools":"Herramientas de la línea de tiempo","timeline.previous_event":"Evento anterior","timeline.next_event":"Evento siguiente","timeline.zoom_in":"Acercar","timeline.zoom_out":"Alejar","timeline.whole_day":"Día entero","timeline.start_edge":"Inicio del intervalo","timeline.end_edge":"Fin del intervalo","timeline.edge_value":"{time}, intervalo de {length}","timeline.event_selected":"{what}, {camera}, {time}, {length}","timeline.no_more_events":"No hay más eventos este día","timeline.none":"Sin grabación en la nube","timeline.gone":"Ya no está en la nube","timeline.only_motion":"La nube solo almacena el movimiento","timeline.not_yet":"Aún no está en la nube","timeline.picture_of":"Imagen de las {time}","timeline.hint_drag":"Arrastra sobre la línea de tiempo para seleccionar qué guardar, o toca un evento.","timeline.hint_touch":"Mantén pulsado y arrastra para seleccionar qué guardar, o toca un evento.","legend.footage":"En la nube","legend.none":"Sin grabación","legend.only_motion":"Solo movimiento","legend.gone":"Ya no está en la nube","legend.refused":"Rechazado por la nube","legend.not_yet":"Aún no está en la nube","legend.clip":"Guardado","legend.job":"Guardando","preset.title":"Opciones rápidas","preset.last_minutes.one":"Último {count} min","preset.last_minutes.other":"Últimos {count} min","preset.last_event":"Último evento","preset.no_event":"Ningún evento este día.","save.title":"Intervalo seleccionado","save.start":"Inicio","save.end":"Fin","save.earlier":"{edge} {length} antes","save.later":"{edge} {length} después","save.wrong_time":"Esta hora no está en el intervalo","save.clear":"Borrar la selección","save.label":"Etiqueta","save.cameras":"Cámaras que guardar","save.about":"unos {size}","save.cost":"unos {cost}","save.cost_help":"Coste aproximado que AWS cobra por la descarga","save.windows":"Otros intervalos","save.around":"Alrededor de este evento","save.recording":"Grabación completa","save.nearest":"Grabación más cercana, {time}","save.until_now":"Hasta ahora + 1 min","save.extend":"Ampliar a {length}","save.extend_help":"Guarda el clip existente y este intervalo como un solo clip. El clip más corto se mantiene hasta que lo elimines.","save.save":"Guardar {length}","save.again":"Guardar de nuevo","save.play_saved":"Reproducir el clip guardado","save.only_events":"{camera}: la nube solo almacena grabaciones de eventos. Selecciona un evento.","save.gone":"{camera}: la nube ya no tiene grabaciones de ese momento.","save.only_motion":"{camera}: la nube solo tiene el movimiento de ese momento.","jobs.title":"Guardando","jobs.back_fill":"Descargando grabaciones anteriores","jobs.back_fill_done":"{done} de {total}","jobs.back_fill_list":"Leyendo la lista en la nube","jobs.of":"Clip de {what}","jobs.progress":"Progreso de {what}","jobs.queued":"En cola","jobs.waiting":"Esperando a la nube","jobs.next_try":"{reason} ({left})","jobs.bytes":"Descargando, {received}","jobs.bytes_of":"Descargando {share}, {received} de {size}","jobs.parts_of":"{done} de {parts} partes","jobs.left":"quedan unos {left}","jobs.finishing":"Uniendo","jobs.saved":"Guardado","jobs.failed":"No guardado","jobs.cancelled":"Cancelado","jobs.cancel":"Cancelar","jobs.retry":"Reintentar","jobs.dismiss":"Ocultar","jobs.dismiss_all":"Ocultar los clips terminados","jobs.more.one":"Mostrar {count} más","jobs.more.other":"Mostrar {count} más","jobs.fewer":"Mostrar menos","jobs.play":"Reproducir","clips.title":"Clips","clips.actions":"Acciones del clip","clips.empty":"No hay clips guardados este día.","clips.none":"Aún no hay clips guardados.","clips.none_found":"Ningún clip coincide.","clips.help":"Las flechas pasan de un clip a otro; con Mayús los seleccionan. Ctrl+A selecciona todos los clips y Escape termina la selección.","clips.more":"Mostrar más","clips.play":"Reproducir","clips.older":"Clip anterior","clips.newer":"Clip siguiente","clips.not_playable":"Este clip no se puede reproducir aquí. Puede que el archivo se haya movido o eliminado.","clips.kept":"Conservado","clips.partial":"Incompleto","clips.keep":"Conservar (no eliminar nunca automáticamente)","clips.release":"Conservado (pulsa para liberarlo)","clips.label":"Editar etiqueta","clips.download":"Descargar","clips.share":"Compartir","clips.export":"Descargar como ZIP","clips.delete":"Eliminar","clips.close":"Cerrar el reproductor","clips.select":"Seleccionar","clips.select_all":"Seleccionar todo","clips.select_none":"No seleccionar nada","clips.stop_selecting":"Terminar la selección","clips.selected.one":"{count} seleccionado","clips.selected.other":"{count} seleccionados","clips.gaps.one":"{count} hueco","clips.gaps.other":"{count} huecos","clips.copied":"Copiado en otro lugar","clips.away":"Solo en otro lugar","clips.copied_to":"Copiado a {place} el {date}","clips.copy_waits":"Esperando a ser copiado a {place}","clips.fetching":"Obteniendo el clip de su copia","clips.fetching_of":"{done} de {size}","clips.deleted.one":"Se eliminará {count} clip","clips.deleted.other":"Se eliminarán {count} clips","player.controls":"Reproductor","player.position":"Posición","player.filmed":"Grabado a las","player.pause":"Pausa","player.speed":"Velocidad","player.mute":"Silenciar","player.unmute":"Activar el sonido","player.fullscreen":"Pantalla completa","filter.title":"Filtros","filter.search":"Buscar clips","filter.clear":"Borrar los filtros","filter.all_days":"Todos los días","filter.any_camera":"Cámara","filter.any_label":"Etiqueta","filter.any_event":"Evento","filter.any_seen":"Detectado","label.of.one":"Etiqueta de {count} clip. Déjala vacía para no usar etiqueta.","label.of.other":"Etiqueta de {count} clips. Déjala vacía para no usar etiqueta.","label.offers":"Etiquetas en uso","label.save":"Guardar etiqueta","share.title":"Compartir clip","share.help":"Quien tenga el enlace puede ver y descargar este clip sin iniciar sesión, hasta que el enlace caduque o lo revoques.","share.length":"El enlace caduca en","share.hour":"1 hora","share.day":"1 día","share.week":"1 semana","share.make":"Crear enlace","share.made":"El enlace es válido hasta el {time}.","share.link":"Enlace","share.copy":"Copiar","share.copied":"Copiado","share.send":"Compartir","share.links":"Enlaces compartidos","share.none":"No hay enlaces. Comparte un clip para crear uno.","share.ends":"válido hasta el {time}","share.opened.one":"abierto {count} vez","share.opened.other":"abierto {count} veces","share.revoke":"Revocar","export.packing.one":"Creando un archivo ZIP de {count} clip","export.packing.other":"Creando un archivo ZIP de {count} clips","export.of":"({done} de {size})","export.progress":"Progreso del archivo ZIP","spared.kept":"No eliminado: el clip está conservado. Libéralo primero.","spared.changed":"No eliminado: el archivo se modificó después de guardarlo.","spared.foreign":"No eliminado: la descripción de este clip falta o pertenece a otro clip.","spared.linked":"No eliminado: hay un enlace en lugar del archivo.","spared.away":"No eliminado: el disco o el recurso compartido de red no está disponible.","spared.refused":"No eliminado: Home Assistant no tiene permiso para eliminar este archivo.","spared.not_found":"Este clip ya no existe.","card.name":"Línea de tiempo de Clip Download","card.editor.title":"Título","card.editor.entities":"Cámaras","card.editor.show_clips":"Mostrar los clips guardados","card.editor.show_presets":"Mostrar las opciones rápidas","card.suggestion":"Línea de tiempo de esta cámara","strategy.name":"Grabaciones","strategy.description":"Una vista con la línea de tiempo y los clips de cada cámara de Clip Download."};var c3={name:"Clip Download",description:"Voyez ce que vos caméras ont enregistré dans le cloud, sélectionnez une plage de temps et enregistrez-la comme clip.",loading:"Chargement",retry:"Réessayer",close:"Fermer",undo:"Annuler","kind.alarm":"Alarme","kind.animal":"Animal","kind.ding":"Sonnette","kind.door_activity":"Activité à la porte","kind.motion":"Mouvement","kind.on_demand":"Vue en direct","kind.on_demand_link":"Appareil lié","kind.package":"Colis","kind.person":"Personne","kind.vehicle":"Véhicule","label.doorbell":"Sonnette","label.parcel":"Colis","label.visitor":"Visite","label.incident":"Incident","state.no_cameras":"Pas encore de caméra","state.no_cameras_help":"Ajoutez le compte cloud de vos caméras.","state.no_rights":"Aucune caméra disponible","state.no_rights_help":"Les caméras et leurs clips ne sont montrés qu’aux personnes autorisées à contrôler les caméras. Demandez l’accès à un administrateur.","state.add_account":"Ajouter un compte","state.missing":"Clip Download ne fonctionne pas","state.missing_help":"L’intégration n’est pas chargée, ou sa version ne correspond pas à cette page. Redémarrez Home Assistant, ou ouvrez la page de l’intégration pour en voir la raison.","state.failed":"Les caméras n’ont pas pu être chargées","state.offline":"Connexion perdue. Reconnexion…","state.day_failed":"La chronologie n’a pas pu être chargée : {reason}","state.events_failed":"Les événements n’ont pas pu être chargés. {reason}","state.no_such_camera":"La caméra de ce lien n’existe pas, ou vous n’êtes pas autorisé à l’utiliser.","state.nothing_shown":"Sélectionnez une caméra ci-dessus.","camera.ok":"Prête","camera.signed_out":"Déconnectée","camera.unavailable":"Cloud injoignable","camera.sign_in":"Se connecter","camera.problem":"{camera} : {reason}",cameras:"Caméras","day.label":"Jour","day.previous":"Jour précédent","day.next":"Jour suivant","day.today":"Aujourd’hui","day.pick":"Choisir un jour","timeline.title":"Chronologie","timeline.label":"Chronologie du {date}, de {from} à {to}","timeline.help":"Plus et moins zooment, les flèches déplacent la vue, 0 affiche la journée entière. Entrée sélectionne une plage de temps, dont le début et la fin sont des curseurs. Les crochets mènent à l’événement précédent ou suivant. Échap efface la sélection.","timeline.tools":"Outils de la chronologie","timeline.previous_event":"Événement précédent","timeline.next_event":"Événement suivant","timeline.zoom_in":"Zoom avant","timeline.zoom_out":"Zoom arrière","timeline.whole_day":"Journée entière","timeline.start_edge":"Début de la plage de temps","timeline.end_edge":"Fin de la plage de temps","timeline.edge_value":"{time}, plage de temps de {length}","timeline.event_selected":"{what}, {camera}, {time}, {length}","timeline.no_more_events":"Plus d’événements ce jour-là","timeline.none":"Pas d’images dans le cloud","timeline.gone":"N’est plus dans le cloud","timeline.only_motion":"Le cloud ne stocke que les mouvements","timeline.not_yet":"Pas encore dans le cloud","timeline.picture_of":"Image de {time}","timeline.hint_drag":"Faites glisser sur la chronologie pour sélectionner ce qui doit être enregistré, ou touchez un événement.","timeline.hint_touch":"Maintenez le doigt appuyé puis faites glisser pour sélectionner ce qui doit être enregistré, ou touchez un événement.","legend.footage":"Dans le cloud","legend.none":"Pas d’images","legend.only_motion":"Mouvements seulement","legend.gone":"N’est plus dans le cloud","legend.refused":"Refusé par le cloud","legend.not_yet":"Pas encore dans le cloud","legend.clip":"Enregistré","legend.job":"En cours d’enregistrement","preset.title":"Choix rapides","preset.last_minutes.one":"{count} dernière min","preset.last_minutes.other":"{count} dernières min","preset.last_event":"Dernier événement","preset.no_event":"Aucun événement ce jour-là.","save.title":"Plage de temps sélectionnée","save.start":"Début","save.end":"Fin","save.earlier":"{edge} {length} plus tôt","save.later":"{edge} {length} plus tard","save.wrong_time":"Cette heure n’est pas dans la plage de temps","save.clear":"Effacer la sélection","save.label":"Étiquette","save.cameras":"Caméras à enregistrer","save.about":"environ {size}","save.cost":"environ {cost}","save.cost_help":"Coût approximatif du téléchargement facturé par AWS","save.windows":"Autres plages de temps","save.around":"Autour de cet événement","save.recording":"Enregistrement complet","save.nearest":"Enregistrement le plus proche, {time}","save.until_now":"Jusqu’à maintenant + 1 min","save.extend":"Étendre à {length}","save.extend_help":"Enregistre le clip existant et cette plage de temps en un seul clip. Le clip plus court reste jusqu’à ce que vous le supprimiez.","save.save":"Enregistrer {length}","save.again":"Enregistrer à nouveau","save.play_saved":"Lire le clip enregistré","save.only_events":"{camera} : le cloud ne stocke que les enregistrements d’événements. Sélectionnez un événement.","save.gone":"{camera} : le cloud n’a plus d’images de cette période.","save.only_motion":"{camera} : le cloud n’a que les mouvements de cette période.","jobs.title":"Enregistrement","jobs.back_fill":"Téléchargement des enregistrements passés","jobs.back_fill_done":"{done} sur {total}","jobs.back_fill_list":"Lecture de la liste dans le cloud","jobs.of":"Clip de {what}","jobs.progress":"Progression de {what}","jobs.queued":"En file d’attente","jobs.waiting":"En attente du cloud","jobs.next_try":"{reason} ({left})","jobs.bytes":"Téléchargement, {received}","jobs.bytes_of":"Téléchargement {share}, {received} sur {size}","jobs.parts_of":"{done} parties sur {parts}","jobs.left":"encore environ {left}","jobs.finishing":"Assemblage","jobs.saved":"Enregistré","jobs.failed":"Non enregistré","jobs.cancelled":"Annulé","jobs.cancel":"Annuler","jobs.retry":"Réessayer","jobs.dismiss":"Masquer","jobs.dismiss_all":"Masquer les clips terminés","jobs.more.one":"Afficher {count} de plus","jobs.more.other":"Afficher {count} de plus","jobs.fewer":"Afficher moins","jobs.play":"Lire","clips.title":"Clips","clips.actions":"Actions du clip","clips.empty":"Aucun clip enregistré ce jour-là.","clips.none":"Aucun clip enregistré pour l’instant.","clips.none_found":"Aucun clip ne correspond.","clips.help":"Les flèches passent d’un clip à l’autre ; avec Maj, elles les sélectionnent. Ctrl+A sélectionne tous les clips, Échap met fin à la sélection.","clips.more":"Afficher plus","clips.play":"Lire","clips.older":"Clip précédent","clips.newer":"Clip suivant","clips.not_playable":"Ce clip ne peut pas être lu ici. Le fichier a peut-être été déplacé ou supprimé.","clips.kept":"Conservé","clips.partial":"Incomplet","clips.keep":"Conserver (ne jamais supprimer automatiquement)","clips.release":"Conservé (appuyer pour libérer)","clips.label":"Modifier l’étiquette","clips.download":"Télécharger","clips.share":"Partager","clips.export":"Télécharger en ZIP","clips.delete":"Supprimer","clips.close":"Fermer le lecteur","clips.select":"Sélectionner","clips.select_all":"Tout sélectionner","clips.select_none":"Ne rien sélectionner","clips.stop_selecting":"Terminer la sélection","clips.selected.one":"{count} sélectionné","clips.selected.other":"{count} sélectionnés","clips.gaps.one":"{count} interruption","clips.gaps.other":"{count} interruptions","clips.copied":"Copié hors site","clips.away":"Seulement hors site","clips.copied_to":"Copié vers {place} le {date}","clips.copy_waits":"En attente de copie vers {place}","clips.fetching":"Récupération du clip depuis sa copie","clips.fetching_of":"{done} sur {size}","clips.deleted.one":"{count} clip va être supprimé","clips.deleted.other":"{count} clips vont être supprimés","player.controls":"Lecteur","player.position":"Position","player.filmed":"Enregistré à","player.pause":"Pause","player.speed":"Vitesse","player.mute":"Couper le son","player.unmute":"Activer le son","player.fullscreen":"Plein écran","filter.title":"Filtres","filter.search":"Rechercher des clips","filter.clear":"Effacer les filtres","filter.all_days":"Tous les jours","filter.any_camera":"Caméra","filter.any_label":"Étiquette","filter.any_event":"Événement","filter.any_seen":"Détecté","label.of.one":"Étiquette de {count} clip. Laissez vide pour aucune étiquette.","label.of.other":"Étiquette de {count} clips. Laissez vide pour aucune étiquette.","label.offers":"Étiquettes utilisées","label.save":"Enregistrer l’étiquette","share.title":"Partager le clip","share.help":"Toute personne qui a le lien peut regarder et télécharger ce clip sans se connecter, jusqu’à ce que le lien expire ou que vous le révoquiez.","share.length":"Le lien expire après","share.hour":"1 heure","share.day":"1 jour","share.week":"1 semaine","share.make":"Créer le lien","share.made":"Le lien est valable jusqu’au {time}.","share.link":"Lien","share.copy":"Copier","share.copied":"Copié","share.send":"Partager","share.links":"Liens partagés","share.none":"Aucun lien. Partagez un clip pour en créer un.","share.ends":"valable jusqu’au {time}","share.opened.one":"ouvert {count} fois","share.opened.other":"ouvert {count} fois","share.revoke":"Révoquer","export.packing.one":"Création d’un fichier ZIP de {count} clip","export.packing.other":"Création d’un fichier ZIP de {count} clips","export.of":"({done} sur {size})","export.progress":"Progression du fichier ZIP","spared.kept":"Non supprimé : le clip est conservé. Libérez-le d’abord.","spared.changed":"Non supprimé : le fichier a été modifié après son enregistrement.","spared.foreign":"Non supprimé : la description de ce clip est absente ou appartient à un autre clip.","spared.linked":"Non supprimé : un lien se trouve à la place du fichier.","spared.away":"Non supprimé : le disque ou le partage réseau n’est pas disponible.","spared.refused":"Non supprimé : Home Assistant n’est pas autorisé à supprimer ce fichier.","spared.not_found":"Ce clip n’existe plus.","card.name":"Chronologie de Clip Download","card.editor.title":"Titre","card.editor.entities":"Caméras","card.editor.show_clips":"Afficher les clips enregistrés","card.editor.show_presets":"Afficher les choix rapides","card.suggestion":"Chronologie de cette caméra","strategy.name":"Enregistrements","strategy.description":"Une vue avec la chronologie et les clips de chaque caméra de Clip Download."};var x3={name:"Clip Download",description:"Guarda cosa hanno registrato le tue telecamere nel cloud, seleziona un intervallo di tempo e salvalo come clip.",loading:"Caricamento",retry:"Riprova",close:"Chiudi",undo:"Annulla operazione","kind.alarm":"Allarme","kind.animal":"Animale","kind.ding":"Campanello","kind.door_activity":"Attività alla porta","kind.motion":"Movimento","kind.on_demand":"Visualizzazione live","kind.on_demand_link":"Dispositivo collegato","kind.package":"Pacco","kind.person":"Persona","kind.vehicle":"Veicolo","label.doorbell":"Campanello","label.parcel":"Pacco","label.visitor":"Visitatore","label.incident":"Incidente","state.no_cameras":"Ancora nessuna telecamera","state.no_cameras_help":"Aggiungi l'account cloud delle tue telecamere.","state.no_rights":"Nessuna telecamera disponibile","state.no_rights_help":"Le telecamere e le loro clip vengono mostrate solo a chi è autorizzato a controllare le telecamere. Chiedi l'accesso a un amministratore.","state.add_account":"Aggiungi account","state.missing":"Clip Download non è in esecuzione","state.missing_help":"L'integrazione non è caricata, oppure la sua versione non corrisponde a questa pagina. Riavvia Home Assistant o apri la pagina dell'integrazione per vedere il motivo.","state.failed":"Impossibile caricare le telecamere","state.offline":"Connessione persa. Riconnessione in corso…","state.day_failed":"Impossibile caricare la sequenza temporale: {reason}","state.events_failed":"Impossibile caricare gli eventi. {reason}","state.no_such_camera":"La telecamera di questo link non esiste, oppure non sei autorizzato a usarla.","state.nothing_shown":"Seleziona una telecamera qui sopra.","camera.ok":"Pronta","camera.signed_out":"Disconnessa","camera.unavailable":"Cloud non raggiungibile","camera.sign_in":"Accedi","camera.problem":"{camera}: {reason}",cameras:"Telecamere","day.label":"Giorno","day.previous":"Giorno precedente","day.next":"Giorno successivo","day.today":"Oggi","day.pick":"Scegli un giorno","timeline.title":"Sequenza temporale","timeline.label":"Sequenza temporale del {date}, da {from} a {to}","timeline.help":"Più e meno cambiano lo zoom, le frecce spostano la vista e 0 mostra l'intera giornata. Invio seleziona un intervallo di tempo, con inizio e fine come cursori. Le parentesi quadre portano all'evento precedente o successivo. Esc annulla la selezione.","timeline.tools":"Strumenti della sequenza temporale","timeline.previous_event":"Evento precedente","timeline.next_event":"Evento successivo","timeline.zoom_in":"Ingrandisci","timeline.zoom_out":"Riduci","timeline.whole_day":"Intera giornata","timeline.start_edge":"Inizio dell'intervallo","timeline.end_edge":"Fine dell'intervallo","timeline.edge_value":"{time}, intervallo di {length}","timeline.event_selected":"{what}, {camera}, {time}, {length}","timeline.no_more_events":"Nessun altro evento in questo giorno","timeline.none":"Nessun filmato nel cloud","timeline.gone":"Non più nel cloud","timeline.only_motion":"Il cloud conserva solo i movimenti","timeline.not_yet":"Non ancora nel cloud","timeline.picture_of":"Immagine delle {time}","timeline.hint_drag":"Trascina sulla sequenza temporale per selezionare cosa salvare, oppure tocca un evento.","timeline.hint_touch":"Tieni premuto e trascina per selezionare cosa salvare, oppure tocca un evento.","legend.footage":"Nel cloud","legend.none":"Nessun filmato","legend.only_motion":"Solo movimento","legend.gone":"Non più nel cloud","legend.refused":"Rifiutato dal cloud","legend.not_yet":"Non ancora nel cloud","legend.clip":"Salvata","legend.job":"In salvataggio","preset.title":"Scelte rapide","preset.last_minutes.one":"Ultimo {count} min","preset.last_minutes.other":"Ultimi {count} min","preset.last_event":"Ultimo evento","preset.no_event":"Nessun evento in questo giorno.","save.title":"Intervallo selezionato","save.start":"Inizio","save.end":"Fine","save.earlier":"{edge} {length} prima","save.later":"{edge} {length} dopo","save.wrong_time":"Questo orario non è nell'intervallo","save.clear":"Annulla selezione","save.label":"Etichetta","save.cameras":"Telecamere da salvare","save.about":"circa {size}","save.cost":"circa {cost}","save.cost_help":"Costo approssimativo addebitato da AWS per il download","save.windows":"Altri intervalli","save.around":"Intorno a questo evento","save.recording":"Registrazione completa","save.nearest":"Registrazione più vicina, {time}","save.until_now":"Fino a ora + 1 min","save.extend":"Estendi a {length}","save.extend_help":"Salva la clip esistente e questo intervallo come un'unica clip. La clip più corta resta finché non la elimini.","save.save":"Salva {length}","save.again":"Salva di nuovo","save.play_saved":"Riproduci la clip salvata","save.only_events":"{camera}: il cloud conserva solo le registrazioni degli eventi. Seleziona un evento.","save.gone":"{camera}: il cloud non ha più filmati di questo momento.","save.only_motion":"{camera}: il cloud ha solo i movimenti di questo momento.","jobs.title":"Salvataggio in corso","jobs.back_fill":"Download delle registrazioni passate","jobs.back_fill_done":"{done} di {total}","jobs.back_fill_list":"Lettura dell'elenco nel cloud","jobs.of":"Clip di {what}","jobs.progress":"Avanzamento di {what}","jobs.queued":"In coda","jobs.waiting":"In attesa del cloud","jobs.next_try":"{reason} ({left})","jobs.bytes":"Download in corso, {received}","jobs.bytes_of":"Download in corso {share}, {received} di {size}","jobs.parts_of":"{done} di {parts} parti","jobs.left":"circa {left} rimanenti","jobs.finishing":"Unione in corso","jobs.saved":"Salvata","jobs.failed":"Non salvata","jobs.cancelled":"Annullata","jobs.cancel":"Annulla","jobs.retry":"Riprova","jobs.dismiss":"Nascondi","jobs.dismiss_all":"Nascondi le clip completate","jobs.more.one":"Mostrane {count} altra","jobs.more.other":"Mostrane altre {count}","jobs.fewer":"Mostra meno","jobs.play":"Riproduci","clips.title":"Clip","clips.actions":"Azioni della clip","clips.empty":"Nessuna clip salvata in questo giorno.","clips.none":"Ancora nessuna clip salvata.","clips.none_found":"Nessuna clip corrisponde.","clips.help":"Le frecce passano da una clip all'altra; con Maiusc le selezionano. Ctrl+A seleziona tutte le clip, Esc termina la selezione.","clips.more":"Mostra altro","clips.play":"Riproduci","clips.older":"Clip precedente","clips.newer":"Clip successiva","clips.not_playable":"Questa clip non può essere riprodotta qui. Il file potrebbe essere stato spostato o eliminato.","clips.kept":"Conservata","clips.partial":"Parziale","clips.keep":"Conserva (non eliminare mai automaticamente)","clips.release":"Conservata (premi per sbloccare)","clips.label":"Modifica etichetta","clips.download":"Scarica","clips.share":"Condividi","clips.export":"Scarica come ZIP","clips.delete":"Elimina","clips.close":"Chiudi lettore","clips.select":"Seleziona","clips.select_all":"Seleziona tutto","clips.select_none":"Seleziona nessuno","clips.stop_selecting":"Termina selezione","clips.selected.one":"{count} selezionata","clips.selected.other":"{count} selezionate","clips.gaps.one":"{count} interruzione","clips.gaps.other":"{count} interruzioni","clips.copied":"Copiata fuori sede","clips.away":"Solo fuori sede","clips.copied_to":"Copiata su {place} il {date}","clips.copy_waits":"In attesa di essere copiata su {place}","clips.fetching":"Recupero della clip dalla sua copia","clips.fetching_of":"{done} di {size}","clips.deleted.one":"{count} clip verrà eliminata","clips.deleted.other":"{count} clip verranno eliminate","player.controls":"Lettore","player.position":"Posizione","player.filmed":"Registrata alle","player.pause":"Pausa","player.speed":"Velocità","player.mute":"Disattiva audio","player.unmute":"Attiva audio","player.fullscreen":"Schermo intero","filter.title":"Filtri","filter.search":"Cerca clip","filter.clear":"Cancella filtri","filter.all_days":"Tutti i giorni","filter.any_camera":"Telecamera","filter.any_label":"Etichetta","filter.any_event":"Evento","filter.any_seen":"Rilevato","label.of.one":"Etichetta di {count} clip. Lascia vuoto per nessuna etichetta.","label.of.other":"Etichetta di {count} clip. Lascia vuoto per nessuna etichetta.","label.offers":"Etichette in uso","label.save":"Salva etichetta","share.title":"Condividi clip","share.help":"Chiunque abbia il link può guardare e scaricare questa clip senza accedere, finché il link non scade o non lo revochi.","share.length":"Il link scade dopo","share.hour":"1 ora","share.day":"1 giorno","share.week":"1 settimana","share.make":"Crea link","share.made":"Il link è valido fino a {time}.","share.link":"Link","share.copy":"Copia","share.copied":"Copiato","share.send":"Condividi","share.links":"Link condivisi","share.none":"Nessun link. Condividi una clip per crearne uno.","share.ends":"valido fino a {time}","share.opened.one":"aperto {count} volta","share.opened.other":"aperto {count} volte","share.revoke":"Revoca","export.packing.one":"Creazione di un file ZIP con {count} clip","export.packing.other":"Creazione di un file ZIP con {count} clip","export.of":"({done} di {size})","export.progress":"Avanzamento del file ZIP","spared.kept":"Non eliminata: la clip è conservata. Prima sbloccala.","spared.changed":"Non eliminata: il file è stato modificato dopo il salvataggio.","spared.foreign":"Non eliminata: la descrizione di questa clip manca o appartiene a un'altra clip.","spared.linked":"Non eliminata: al posto del file c'è un collegamento.","spared.away":"Non eliminata: il disco o la condivisione di rete non è disponibile.","spared.refused":"Non eliminata: Home Assistant non è autorizzato a eliminare questo file.","spared.not_found":"Questa clip non esiste più.","card.name":"Sequenza temporale di Clip Download","card.editor.title":"Titolo","card.editor.entities":"Telecamere","card.editor.show_clips":"Mostra le clip salvate","card.editor.show_presets":"Mostra le scelte rapide","card.suggestion":"Sequenza temporale di questa telecamera","strategy.name":"Filmati","strategy.description":"Una vista con la sequenza temporale e le clip di ogni telecamera di Clip Download."};var u3={name:"Clip Download",description:"Bekijk wat je camera's in de cloud hebben opgenomen, selecteer een periode en sla die op als clip.",loading:"Laden",retry:"Opnieuw proberen",close:"Sluiten",undo:"Ongedaan maken","kind.alarm":"Alarm","kind.animal":"Dier","kind.ding":"Deurbel","kind.door_activity":"Activiteit bij de deur","kind.motion":"Beweging","kind.on_demand":"Livebeeld","kind.on_demand_link":"Gekoppeld apparaat","kind.package":"Pakket","kind.person":"Persoon","kind.vehicle":"Voertuig","label.doorbell":"Deurbel","label.parcel":"Pakket","label.visitor":"Bezoek","label.incident":"Incident","state.no_cameras":"Nog geen camera's","state.no_cameras_help":"Voeg het cloudaccount van je camera's toe.","state.no_rights":"Geen camera's beschikbaar","state.no_rights_help":"Camera's en hun clips zijn alleen te zien voor wie de camera's mag bedienen. Vraag een beheerder om toegang.","state.add_account":"Account toevoegen","state.missing":"Clip Download draait niet","state.missing_help":"De integratie is niet geladen of de versie komt niet overeen met deze pagina. Herstart Home Assistant of open de pagina van de integratie om te zien waarom.","state.failed":"De camera's konden niet worden geladen","state.offline":"Verbinding verbroken. Opnieuw verbinden…","state.day_failed":"De tijdlijn kon niet worden geladen: {reason}","state.events_failed":"De gebeurtenissen konden niet worden geladen. {reason}","state.no_such_camera":"De camera van deze link bestaat niet, of je mag deze niet gebruiken.","state.nothing_shown":"Selecteer hierboven een camera.","camera.ok":"Gereed","camera.signed_out":"Afgemeld","camera.unavailable":"Cloud niet bereikbaar","camera.sign_in":"Aanmelden","camera.problem":"{camera}: {reason}",cameras:"Camera's","day.label":"Dag","day.previous":"Vorige dag","day.next":"Volgende dag","day.today":"Vandaag","day.pick":"Kies een dag","timeline.title":"Tijdlijn","timeline.label":"Tijdlijn van {date}, {from} tot {to}","timeline.help":"Plus en min zoomen, de pijltjestoetsen verplaatsen de weergave en 0 toont de hele dag. Enter selecteert een periode, waarvan het begin en einde schuifregelaars zijn. Vierkante haken gaan naar de vorige of volgende gebeurtenis. Escape wist de selectie.","timeline.tools":"Gereedschap van de tijdlijn","timeline.previous_event":"Vorige gebeurtenis","timeline.next_event":"Volgende gebeurtenis","timeline.zoom_in":"Inzoomen","timeline.zoom_out":"Uitzoomen","timeline.whole_day":"Hele dag","timeline.start_edge":"Begin van de periode","timeline.end_edge":"Einde van de periode","timeline.edge_value":"{time}, periode van {length}","timeline.event_selected":"{what}, {camera}, {time}, {length}","timeline.no_more_events":"Geen gebeurtenissen meer op deze dag","timeline.none":"Geen beelden in de cloud","timeline.gone":"Niet meer in de cloud","timeline.only_motion":"De cloud slaat alleen beweging op","timeline.not_yet":"Nog niet in de cloud","timeline.picture_of":"Afbeelding van {time}","timeline.hint_drag":"Sleep over de tijdlijn om te selecteren wat wordt opgeslagen, of tik op een gebeurtenis.","timeline.hint_touch":"Houd vast en sleep om te selecteren wat wordt opgeslagen, of tik op een gebeurtenis.","legend.footage":"In de cloud","legend.none":"Geen beelden","legend.only_motion":"Alleen beweging","legend.gone":"Niet meer in de cloud","legend.refused":"Geweigerd door de cloud","legend.not_yet":"Nog niet in de cloud","legend.clip":"Opgeslagen","legend.job":"Wordt opgeslagen","preset.title":"Snelle keuzes","preset.last_minutes.one":"Laatste {count} min","preset.last_minutes.other":"Laatste {count} min","preset.last_event":"Laatste gebeurtenis","preset.no_event":"Geen gebeurtenis op deze dag.","save.title":"Geselecteerde periode","save.start":"Begin","save.end":"Einde","save.earlier":"{edge} {length} eerder","save.later":"{edge} {length} later","save.wrong_time":"Dit tijdstip ligt niet in de periode","save.clear":"Selectie wissen","save.label":"Label","save.cameras":"Camera's om op te slaan","save.about":"ongeveer {size}","save.cost":"ongeveer {cost}","save.cost_help":"Geschatte kosten die AWS rekent voor de download","save.windows":"Andere periodes","save.around":"Rond deze gebeurtenis","save.recording":"Hele opname","save.nearest":"Dichtstbijzijnde opname, {time}","save.until_now":"Tot nu + 1 min","save.extend":"Uitbreiden tot {length}","save.extend_help":"Slaat de bestaande clip en deze periode op als één clip. De kortere clip blijft tot je hem verwijdert.","save.save":"{length} opslaan","save.again":"Opnieuw opslaan","save.play_saved":"Opgeslagen clip afspelen","save.only_events":"{camera}: de cloud slaat alleen opnamen van gebeurtenissen op. Selecteer een gebeurtenis.","save.gone":"{camera}: de cloud heeft geen beelden meer van dit tijdstip.","save.only_motion":"{camera}: de cloud heeft van dit tijdstip alleen beweging.","jobs.title":"Wordt opgeslagen","jobs.back_fill":"Eerdere opnamen downloaden","jobs.back_fill_done":"{done} van {total}","jobs.back_fill_list":"De lijst in de cloud wordt gelezen","jobs.of":"Clip van {what}","jobs.progress":"Voortgang van {what}","jobs.queued":"In de wachtrij","jobs.waiting":"Wacht op de cloud","jobs.next_try":"{reason} ({left})","jobs.bytes":"Downloaden, {received}","jobs.bytes_of":"Downloaden {share}, {received} van {size}","jobs.parts_of":"{done} van {parts} delen","jobs.left":"nog ongeveer {left}","jobs.finishing":"Samenvoegen","jobs.saved":"Opgeslagen","jobs.failed":"Niet opgeslagen","jobs.cancelled":"Geannuleerd","jobs.cancel":"Annuleren","jobs.retry":"Opnieuw proberen","jobs.dismiss":"Verbergen","jobs.dismiss_all":"Voltooide clips verbergen","jobs.more.one":"Nog {count} tonen","jobs.more.other":"Nog {count} tonen","jobs.fewer":"Minder tonen","jobs.play":"Afspelen","clips.title":"Clips","clips.actions":"Acties voor de clip","clips.empty":"Geen clips opgeslagen op deze dag.","clips.none":"Nog geen clips opgeslagen.","clips.none_found":"Geen clips gevonden.","clips.help":"De pijltjestoetsen gaan van clip naar clip, met Shift selecteren ze clips. Ctrl+A selecteert alle clips, Escape beëindigt het selecteren.","clips.more":"Meer tonen","clips.play":"Afspelen","clips.older":"Vorige clip","clips.newer":"Volgende clip","clips.not_playable":"Deze clip kan hier niet worden afgespeeld. Mogelijk is het bestand verplaatst of verwijderd.","clips.kept":"Behouden","clips.partial":"Onvolledig","clips.keep":"Behouden (nooit automatisch verwijderen)","clips.release":"Behouden (druk om vrij te geven)","clips.label":"Label wijzigen","clips.download":"Downloaden","clips.share":"Delen","clips.export":"Downloaden als ZIP","clips.delete":"Verwijderen","clips.close":"Speler sluiten","clips.select":"Selecteren","clips.select_all":"Alles selecteren","clips.select_none":"Niets selecteren","clips.stop_selecting":"Selecteren beëindigen","clips.selected.one":"{count} geselecteerd","clips.selected.other":"{count} geselecteerd","clips.gaps.one":"{count} gat","clips.gaps.other":"{count} gaten","clips.copied":"Kopie buitenshuis","clips.away":"Alleen buitenshuis","clips.copied_to":"Op {date} naar {place} gekopieerd","clips.copy_waits":"Wacht om naar {place} te worden gekopieerd","clips.fetching":"De clip wordt opgehaald van de kopie","clips.fetching_of":"{done} van {size}","clips.deleted.one":"{count} clip wordt verwijderd","clips.deleted.other":"{count} clips worden verwijderd","player.controls":"Speler","player.position":"Positie","player.filmed":"Opgenomen om","player.pause":"Pauze","player.speed":"Snelheid","player.mute":"Geluid uit","player.unmute":"Dempen opheffen","player.fullscreen":"Volledig scherm","filter.title":"Filters","filter.search":"Clips zoeken","filter.clear":"Filters wissen","filter.all_days":"Alle dagen","filter.any_camera":"Camera","filter.any_label":"Label","filter.any_event":"Gebeurtenis","filter.any_seen":"Gedetecteerd","label.of.one":"Label van {count} clip. Laat leeg voor geen label.","label.of.other":"Label van {count} clips. Laat leeg voor geen label.","label.offers":"Gebruikte labels","label.save":"Label opslaan","share.title":"Clip delen","share.help":"Iedereen met de link kan deze clip zonder aanmelden bekijken en downloaden, tot de link verloopt of je hem intrekt.","share.length":"Link verloopt na","share.hour":"1 uur","share.day":"1 dag","share.week":"1 week","share.make":"Link maken","share.made":"De link is geldig tot {time}.","share.link":"Link","share.copy":"Kopiëren","share.copied":"Gekopieerd","share.send":"Delen","share.links":"Gedeelde links","share.none":"Geen links. Deel een clip om er een te maken.","share.ends":"geldig tot {time}","share.opened.one":"{count} keer geopend","share.opened.other":"{count} keer geopend","share.revoke":"Intrekken","export.packing.one":"ZIP-bestand met {count} clip maken","export.packing.other":"ZIP-bestand met {count} clips maken","export.of":"({done} van {size})","export.progress":"Voortgang van het ZIP-bestand","spared.kept":"Niet verwijderd: de clip wordt behouden. Geef hem eerst vrij.","spared.changed":"Niet verwijderd: het bestand is na het opslaan gewijzigd.","spared.foreign":"Niet verwijderd: de beschrijving van deze clip ontbreekt of hoort bij een andere clip.","spared.linked":"Niet verwijderd: er staat een koppeling op de plaats van het bestand.","spared.away":"Niet verwijderd: de schijf of netwerkshare is niet beschikbaar.","spared.refused":"Niet verwijderd: Home Assistant mag dit bestand niet verwijderen.","spared.not_found":"Deze clip bestaat niet meer.","card.name":"Tijdlijn van Clip Download","card.editor.title":"Titel","card.editor.entities":"Camera's","card.editor.show_clips":"Opgeslagen clips tonen","card.editor.show_presets":"Snelle keuzes tonen","card.suggestion":"Tijdlijn van deze camera","strategy.name":"Beelden","strategy.description":"Een weergave met de tijdlijn en clips van elke camera van Clip Download."};var Z3={de:m3,en:g1,es:v3,fr:c3,it:x3,nl:u3},r7=r=>/^(ar|fa|he|ur)\b/.test(r),h3=new Map,N=r=>{let L=h3.get(r);if(L)return L;let C=Z3[r]??Z3[r.split("-")[0]??"en"],H=r7(r)?i=>`⁨${i}⁩`:i=>i,V=new Intl.PluralRules(C?r:"en"),e=new Intl.NumberFormat(r),t=(i,o)=>(C?.[i]??g1[i]).replace(/\{(\w+)\}/g,(l,d)=>H(String(o?.[d]??l))),M=Object.assign(t,{plural:(i,o)=>{let l=`${i}.${V.select(o)}`;return t(l in g1?l:`${i}.other`,{count:e.format(o)})}});return h3.set(r,M),M},d1=(r,L)=>`kind.${L}`in g1?r1(r,L):L,L5=(r,L)=>{let C=`spared.${L}`;return C in g1?r(C):L},r1=(r,L)=>{let C=`kind.${L}`;return C in g1?r(C):L.replaceAll("_"," ")};var t7=r=>Object.keys(r.entities??{}).filter(L=>e5(r,L)),e5=(r,L)=>L.startsWith("camera.")&&r.entities?.[L]?.platform==="clip_download",M7=r=>{if(typeof r!="object"||r===null)throw new Error("The configuration is not a mapping");let{entities:L,title:C}=r;if(C!==void 0&&typeof C!="string")throw new Error("title: expected text");if(L!==void 0&&!(Array.isArray(L)&&L.every(H=>typeof H=="string"&&H.startsWith("camera."))))throw new Error("entities: expected a list of cameras");for(let H of["show_clips","show_presets"]){let V=r[H];if(V!==void 0&&typeof V!="boolean")throw new Error(`${H}: expected true or false`)}return r},f1=class extends x{setConfig(L){this._config=M7(L)}getCardSize(){return this._config?.show_clips===!1?7:11}getGridOptions(){return{columns:"full",min_columns:6,rows:"auto"}}static getConfigElement(){return document.createElement("clip-download-card-editor")}static getStubConfig(L){return{entities:t7(L).slice(0,1)}}render(){let L=this._config;return!L||!this.hass?s:n`<ha-card .header=${L.title}>
      <div class="content ${L.title?"titled":""}">
        <clip-download-view
          plain
          .hass=${this.hass}
          .entityIds=${L.entities??i7}
          .hideClips=${L.show_clips===!1}
          .hidePresets=${L.show_presets===!1}
        ></clip-download-view>
      </div>
    </ha-card>`}};f1.styles=Z`
    :host {
      display: block;
    }
    .content {
      padding: 16px 16px 4px;
    }
    .titled {
      padding-top: 0;
    }
  `,a([A({attribute:!1})],f1.prototype,"hass",2),a([u()],f1.prototype,"_config",2);var i7=[],b1=class extends x{constructor(){super(...arguments);this._hasForm=customElements.get("ha-form")!==void 0;this._schema=[{name:"title",selector:{text:{}}},{name:"entities",selector:{entity:{multiple:!0,filter:{integration:"clip_download",domain:"camera"}}}},{name:"show_presets",default:!0,selector:{boolean:{}}},{name:"show_clips",default:!0,selector:{boolean:{}}}];this._label=C=>N(this.hass?.locale.language??"en")(`card.editor.${C.name}`)}setConfig(C){this._config=C}connectedCallback(){super.connectedCallback(),this._hasForm||customElements.whenDefined("ha-form").then(()=>this._hasForm=!0)}render(){if(!this.hass||!this._config||!this._hasForm)return s;let C={show_presets:!0,show_clips:!0,...this._config};return n`<ha-form
      .hass=${this.hass}
      .data=${C}
      .schema=${this._schema}
      .computeLabel=${this._label}
      @value-changed=${this._changed}
    ></ha-form>`}_changed(C){C.stopPropagation();let H={...C.detail.value};H.show_clips&&delete H.show_clips,H.show_presets&&delete H.show_presets,H.title||delete H.title,H.entities?.length||delete H.entities,this.dispatchEvent(new CustomEvent("config-changed",{detail:{config:H},bubbles:!0,composed:!0}))}};a([A({attribute:!1})],b1.prototype,"hass",2),a([u()],b1.prototype,"_config",2),a([u()],b1.prototype,"_hasForm",2);var S3={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},g3=r=>(...L)=>({_$litDirective$:r,values:L}),x2=class{constructor(L){}get _$AU(){return this._$AM._$AU}_$AT(L,C,H){this._$Ct=L,this._$AM=C,this._$Ci=H}_$AS(L,C){return this.update(L,C)}update(L,C){return this.render(...C)}};var{I:o7}=s3,f3=r=>r;var b3=()=>document.createComment(""),P1=(r,L,C)=>{let H=r._$AA.parentNode,V=L===void 0?r._$AB:L._$AA;if(C===void 0){let e=H.insertBefore(b3(),V),t=H.insertBefore(b3(),V);C=new o7(e,t,r,r.options)}else{let e=C._$AB.nextSibling,t=C._$AM,M=t!==r;if(M){let i;C._$AQ?.(r),C._$AM=r,C._$AP!==void 0&&(i=r._$AU)!==t._$AU&&C._$AP(i)}if(e!==V||M){let i=C._$AA;for(;i!==e;){let o=f3(i).nextSibling;f3(H).insertBefore(i,V),i=o}}}return C},l1=(r,L,C=r)=>(r._$AI(L,C),r),a7={},O3=(r,L=a7)=>r._$AH=L,y3=r=>r._$AH,u2=r=>{r._$AR(),r._$AA.remove()};var k3=(r,L,C)=>{let H=new Map;for(let V=L;V<=C;V++)H.set(r[V],V);return H},J1=g3(class extends x2{constructor(r){if(super(r),r.type!==S3.CHILD)throw Error("repeat() can only be used in text expressions")}dt(r,L,C){let H;C===void 0?C=L:L!==void 0&&(H=L);let V=[],e=[],t=0;for(let M of r)V[t]=H?H(M,t):t,e[t]=C(M,t),t++;return{values:e,keys:V}}render(r,L,C){return this.dt(r,L,C).values}update(r,[L,C,H]){let V=y3(r),{values:e,keys:t}=this.dt(L,C,H);if(!Array.isArray(V))return this.ut=t,e;let M=this.ut??=[],i=[],o,l,d=0,p=V.length-1,c=0,S=e.length-1;for(;d<=p&&c<=S;)if(V[d]===null)d++;else if(V[p]===null)p--;else if(M[d]===t[c])i[c]=l1(V[d],e[c]),d++,c++;else if(M[p]===t[S])i[S]=l1(V[p],e[S]),p--,S--;else if(M[d]===t[S])i[S]=l1(V[d],e[S]),P1(r,i[S+1],V[d]),d++,S--;else if(M[p]===t[c])i[c]=l1(V[p],e[c]),P1(r,V[d],V[p]),p--,c++;else if(o===void 0&&(o=k3(t,c,S),l=k3(M,d,p)),o.has(M[d]))if(o.has(M[p])){let y=l.get(t[c]),n1=y!==void 0?V[y]:null;if(n1===null){let g=P1(r,V[d]);l1(g,e[c]),i[c]=g}else i[c]=l1(n1,e[c]),P1(r,V[d],n1),V[y]=null;c++}else u2(V[p]),p--;else u2(V[d]),d++;for(;c<=S;){let y=P1(r,i[S+1]);l1(y,e[c]),i[c++]=y}for(;d<=p;){let y=V[d++];y!==null&&u2(y)}return this.ut=t,O3(r,i),e1}});var v=(r,L="")=>n`<svg class="icon ${L}" viewBox="0 0 24 24" aria-hidden="true"><path d=${r}></path></svg>`;var _3="M12,4A4,4 0 0,1 16,8A4,4 0 0,1 12,12A4,4 0 0,1 8,8A4,4 0 0,1 12,4M12,14C16.42,14 20,15.79 20,18V20H4V18C4,15.79 7.58,14 12,14Z";var w3="M6,6.9L3.87,4.78L5.28,3.37L7.4,5.5L6,6.9M13,1V4H11V1H13M20.13,4.78L18,6.9L16.6,5.5L18.72,3.37L20.13,4.78M4.5,10.5V12.5H1.5V10.5H4.5M19.5,10.5H22.5V12.5H19.5V10.5M6,20H18A2,2 0 0,1 20,22H4A2,2 0 0,1 6,20M12,5A6,6 0 0,1 18,11V19H6V11A6,6 0 0,1 12,5Z";var s1="M11,15H13V17H11V15M11,7H13V13H11V7M12,2C6.47,2 2,6.5 2,12A10,10 0 0,0 12,22A10,10 0 0,0 22,12A10,10 0 0,0 12,2M12,20A8,8 0 0,1 4,12A8,8 0 0,1 12,4A8,8 0 0,1 20,12A8,8 0 0,1 12,20Z";var X1="M9,11H15V8L19,12L15,16V13H9V16L5,12L9,8V11M2,20V4H4V20H2M20,20V4H22V20H20Z";var r5="M13,9V15H16L12,19L8,15H11V9H8L12,5L16,9H13M4,2H20V4H4V2M4,20H20V22H4V20Z";var P3="M21,19V20H3V19L5,17V11C5,7.9 7.03,5.17 10,4.29C10,4.19 10,4.1 10,4A2,2 0 0,1 12,2A2,2 0 0,1 14,4C14,4.1 14,4.19 14,4.29C16.97,5.17 19,7.9 19,11V17L21,19M14,21A2,2 0 0,1 12,23A2,2 0 0,1 10,21M19.75,3.19L18.33,4.61C20.04,6.3 21,8.6 21,11H23C23,8.07 21.84,5.25 19.75,3.19M1,11H3C3,8.6 3.96,6.3 5.67,4.61L4.25,3.19C2.16,5.25 1,8.07 1,11Z";var t5="M7,10H12V15H7M19,19H5V8H19M19,3H18V1H16V3H8V1H6V3H5C3.89,3 3,3.9 3,5V19A2,2 0 0,0 5,21H19A2,2 0 0,0 21,19V5A2,2 0 0,0 19,3Z";var B3="M5,11L6.5,6.5H17.5L19,11M17.5,16A1.5,1.5 0 0,1 16,14.5A1.5,1.5 0 0,1 17.5,13A1.5,1.5 0 0,1 19,14.5A1.5,1.5 0 0,1 17.5,16M6.5,16A1.5,1.5 0 0,1 5,14.5A1.5,1.5 0 0,1 6.5,13A1.5,1.5 0 0,1 8,14.5A1.5,1.5 0 0,1 6.5,16M18.92,6C18.72,5.42 18.16,5 17.5,5H6.5C5.84,5 5.28,5.42 5.08,6L3,12V20A1,1 0 0,0 4,21H5A1,1 0 0,0 6,20V19H18V20A1,1 0 0,0 19,21H20A1,1 0 0,0 21,20V12L18.92,6Z";var Y1="M6.03 12.03L8.03 15.5L5.5 18.68L2 12.62L6.03 12.03M17 18V15.29C17.88 14.9 18.5 14.03 18.5 13C18.5 12.43 18.3 11.9 17.97 11.5L19.94 10.35C20.95 9.76 21.3 8.47 20.71 7.46L19.33 5.06C18.74 4.05 17.45 3.7 16.44 4.28L8.31 9C7.36 9.53 7.03 10.75 7.58 11.71L9.08 14.31C9.63 15.26 10.86 15.59 11.81 15.04L13.69 13.96C13.94 14.55 14.41 15.03 15 15.29V18C15 19.1 15.9 20 17 20H22V18H17Z";var M5="M12 2C6.5 2 2 6.5 2 12S6.5 22 12 22 22 17.5 22 12 17.5 2 12 2M10 17L5 12L6.41 10.59L10 14.17L17.59 6.58L19 8L10 17Z",i5="M12 2C6.5 2 2 6.5 2 12S6.5 22 12 22 22 17.5 22 12 17.5 2 12 2M12 20C7.59 20 4 16.41 4 12S7.59 4 12 4 20 7.59 20 12 16.41 20 12 20M16.59 7.58L10 14.17L7.41 11.59L6 13L10 17L18 9L16.59 7.58Z";var o5="M12,20A8,8 0 0,1 4,12A8,8 0 0,1 12,4A8,8 0 0,1 20,12A8,8 0 0,1 12,20M12,2A10,10 0 0,0 2,12A10,10 0 0,0 12,22A10,10 0 0,0 22,12A10,10 0 0,0 12,2Z";var a5="M20,16V10H22V16A2,2 0 0,1 20,18H8C6.89,18 6,17.1 6,16V4C6,2.89 6.89,2 8,2H16V4H8V16H20M10.91,7.08L14,10.17L20.59,3.58L22,5L14,13L9.5,8.5L10.91,7.08M16,20V22H4A2,2 0 0,1 2,20V7H4V20H16Z";var n5="M15.41,16.58L10.83,12L15.41,7.41L14,6L8,12L14,18L15.41,16.58Z";var A5="M8.59,16.58L13.17,12L8.59,7.41L10,6L16,12L10,18L8.59,16.58Z";var Z2="M12,20A8,8 0 0,0 20,12A8,8 0 0,0 12,4A8,8 0 0,0 4,12A8,8 0 0,0 12,20M12,2A10,10 0 0,1 22,12A10,10 0 0,1 12,22C6.47,22 2,17.5 2,12A10,10 0 0,1 12,2M12.5,7V12.25L17,14.92L16.25,16.15L11,13V7H12.5Z";var _="M19,6.41L17.59,5L12,10.59L6.41,5L5,6.41L10.59,12L5,17.59L6.41,19L12,13.41L17.59,19L19,17.59L13.41,12L19,6.41Z";var d5="M13 19C13 19.34 13.04 19.67 13.09 20H6.5C5 20 3.69 19.5 2.61 18.43C1.54 17.38 1 16.09 1 14.58C1 13.28 1.39 12.12 2.17 11.1S4 9.43 5.25 9.15C5.67 7.62 6.5 6.38 7.75 5.43S10.42 4 12 4C13.95 4 15.6 4.68 16.96 6.04C18.32 7.4 19 9.05 19 11C20.15 11.13 21.1 11.63 21.86 12.5C22.37 13.07 22.7 13.71 22.86 14.42C21.82 13.54 20.5 13 19 13C18.89 13 18.79 13 18.68 13C18.62 13 18.56 13 18.5 13H17V11C17 9.62 16.5 8.44 15.54 7.46C14.56 6.5 13.38 6 12 6S9.44 6.5 8.46 7.46C7.5 8.44 7 9.62 7 11H6.5C5.53 11 4.71 11.34 4.03 12.03C3.34 12.71 3 13.53 3 14.5S3.34 16.29 4.03 17C4.71 17.66 5.53 18 6.5 18H13.09C13.04 18.33 13 18.66 13 19M17.75 19.43L16.16 17.84L15 19L17.75 22L22.5 17.25L21.34 15.84L17.75 19.43Z";var l5="M6.5 20Q4.22 20 2.61 18.43 1 16.85 1 14.58 1 12.63 2.17 11.1 3.35 9.57 5.25 9.15 5.68 7.35 7.38 5.73 9.07 4.1 11 4.1 11.83 4.1 12.41 4.69 13 5.28 13 6.1V12.15L14.6 10.6L16 12L12 16L8 12L9.4 10.6L11 12.15V6.1Q9.1 6.45 8.05 7.94 7 9.43 7 11H6.5Q5.05 11 4.03 12.03 3 13.05 3 14.5 3 15.95 4.03 17 5.05 18 6.5 18H18.5Q19.55 18 20.27 17.27 21 16.55 21 15.5 21 14.45 20.27 13.73 19.55 13 18.5 13H17V11Q17 9.8 16.45 8.76 15.9 7.73 15 7V4.68Q16.85 5.55 17.93 7.26 19 9 19 11 20.73 11.2 21.86 12.5 23 13.78 23 15.5 23 17.38 21.69 18.69 20.38 20 18.5 20M12 11.05Z";var s5="M19.8 22.6L17.15 20H6.5Q4.2 20 2.6 18.4T1 14.5Q1 12.58 2.19 11.08 3.38 9.57 5.25 9.15 5.33 8.95 5.4 8.76 5.5 8.57 5.55 8.35L1.4 4.2L2.8 2.8L21.2 21.2M6.5 18H15.15L7.1 9.95Q7.05 10.23 7.03 10.5 7 10.73 7 11H6.5Q5.05 11 4.03 12.03 3 13.05 3 14.5 3 15.95 4.03 17 5.05 18 6.5 18M11.13 14M21.6 18.75L20.15 17.35Q20.58 17 20.79 16.54 21 16.08 21 15.5 21 14.45 20.27 13.73 19.55 13 18.5 13H17V11Q17 8.93 15.54 7.46 14.08 6 12 6 11.33 6 10.7 6.16 10.07 6.33 9.5 6.68L8.05 5.23Q8.93 4.63 9.91 4.31 10.9 4 12 4 14.93 4 16.96 6.04 19 8.07 19 11 20.73 11.2 21.86 12.5 23 13.78 23 15.5 23 16.5 22.63 17.31 22.25 18.15 21.6 18.75M14.83 12.03Z",p5="M6.5 20Q4.22 20 2.61 18.43 1 16.85 1 14.58 1 12.63 2.17 11.1 3.35 9.57 5.25 9.15 5.88 6.85 7.75 5.43 9.63 4 12 4 14.93 4 16.96 6.04 19 8.07 19 11 20.73 11.2 21.86 12.5 23 13.78 23 15.5 23 17.38 21.69 18.69 20.38 20 18.5 20M6.5 18H18.5Q19.55 18 20.27 17.27 21 16.55 21 15.5 21 14.45 20.27 13.73 19.55 13 18.5 13H17V11Q17 8.93 15.54 7.46 14.08 6 12 6 9.93 6 8.46 7.46 7 8.93 7 11H6.5Q5.05 11 4.03 12.03 3 13.05 3 14.5 3 15.95 4.03 17 5.05 18 6.5 18M12 12Z";var m5="M19,21H8V7H19M19,5H8A2,2 0 0,0 6,7V21A2,2 0 0,0 8,23H19A2,2 0 0,0 21,21V7A2,2 0 0,0 19,5M16,1H4A2,2 0 0,0 2,3V17H4V3H16V1Z";var O1="M19,4H15.5L14.5,3H9.5L8.5,4H5V6H19M6,19A2,2 0 0,0 8,21H16A2,2 0 0,0 18,19V7H6V19Z";var T3="M8,3C6.89,3 6,3.89 6,5V21H18V5C18,3.89 17.11,3 16,3H8M8,5H16V19H8V5M13,11V13H15V11H13Z";var J="M5,20H19V18H5M19,9H15V3H9V9H5L12,16L19,9Z";var R3="M12,9A3,3 0 0,0 9,12A3,3 0 0,0 12,15A3,3 0 0,0 15,12A3,3 0 0,0 12,9M12,17A5,5 0 0,1 7,12A5,5 0 0,1 12,7A5,5 0 0,1 17,12A5,5 0 0,1 12,17M12,4.5C7,4.5 2.73,7.61 1,12C2.73,16.39 7,19.5 12,19.5C17,19.5 21.27,16.39 23,12C21.27,7.61 17,4.5 12,4.5Z";var h2="M18,9H16V7H18M18,13H16V11H18M18,17H16V15H18M8,9H6V7H8M8,13H6V11H8M8,17H6V15H8M18,3V5H16V3H8V5H6V3H4V21H6V19H8V21H16V19H18V21H20V3H18Z";var v5="M20 6H12L10 4H4C2.9 4 2 4.9 2 6V18C2 19.1 2.9 20 4 20H20C21.1 20 22 19.1 22 18V8C22 6.9 21.1 6 20 6M20 18H16V16H14V18H4V8H14V10H16V8H20V18M16 12V10H18V12H16M14 12H16V14H14V12M18 16H16V14H18V16Z";var c5="M5,5H10V7H7V10H5V5M14,5H19V10H17V7H14V5M17,14H19V19H14V17H17V14M10,17V19H5V14H7V17H10Z";var x5="M10.59,13.41C11,13.8 11,14.44 10.59,14.83C10.2,15.22 9.56,15.22 9.17,14.83C7.22,12.88 7.22,9.71 9.17,7.76V7.76L12.71,4.22C14.66,2.27 17.83,2.27 19.78,4.22C21.73,6.17 21.73,9.34 19.78,11.29L18.29,12.78C18.3,11.96 18.17,11.14 17.89,10.36L18.36,9.88C19.54,8.71 19.54,6.81 18.36,5.64C17.19,4.46 15.29,4.46 14.12,5.64L10.59,9.17C9.41,10.34 9.41,12.24 10.59,13.41M13.41,9.17C13.8,8.78 14.44,8.78 14.83,9.17C16.78,11.12 16.78,14.29 14.83,16.24V16.24L11.29,19.78C9.34,21.73 6.17,21.73 4.22,19.78C2.27,17.83 2.27,14.66 4.22,12.71L5.71,11.22C5.7,12.04 5.83,12.86 6.11,13.65L5.64,14.12C4.46,15.29 4.46,17.19 5.64,18.36C6.81,19.54 8.71,19.54 9.88,18.36L13.41,14.83C14.59,13.66 14.59,11.76 13.41,10.59C13,10.2 13,9.56 13.41,9.17Z";var u5="M9.5,3A6.5,6.5 0 0,1 16,9.5C16,11.11 15.41,12.59 14.44,13.73L14.71,14H15.5L20.5,19L19,20.5L14,15.5V14.71L13.73,14.44C12.59,15.41 11.11,16 9.5,16A6.5,6.5 0 0,1 3,9.5A6.5,6.5 0 0,1 9.5,3M9.5,5C7,5 5,7 5,9.5C5,12 7,14 9.5,14C12,14 14,12 14,9.5C14,7 12,5 9.5,5Z";var Z5="M15.5,14H14.71L14.43,13.73C15.41,12.59 16,11.11 16,9.5A6.5,6.5 0 0,0 9.5,3A6.5,6.5 0 0,0 3,9.5A6.5,6.5 0 0,0 9.5,16C11.11,16 12.59,15.41 13.73,14.43L14,14.71V15.5L19,20.5L20.5,19L15.5,14M9.5,14C7,14 5,12 5,9.5C5,7 7,5 9.5,5C12,5 14,7 14,9.5C14,12 12,14 9.5,14M7,9H12V10H7V9Z";var h5="M15.5,14L20.5,19L19,20.5L14,15.5V14.71L13.73,14.43C12.59,15.41 11.11,16 9.5,16A6.5,6.5 0 0,1 3,9.5A6.5,6.5 0 0,1 9.5,3A6.5,6.5 0 0,1 16,9.5C16,11.11 15.41,12.59 14.43,13.73L14.71,14H15.5M9.5,14C12,14 14,12 14,9.5C14,7 12,5 9.5,5C7,5 5,7 5,9.5C5,12 7,14 9.5,14M12,10H10V12H9V10H7V9H9V7H10V9H12V10Z";var S5="M7,10L12,15L17,10H7Z";var $3="M10,0.2C9,0.2 8.2,1 8.2,2C8.2,3 9,3.8 10,3.8C11,3.8 11.8,3 11.8,2C11.8,1 11,0.2 10,0.2M15.67,1A7.33,7.33 0 0,0 23,8.33V7A6,6 0 0,1 17,1H15.67M18.33,1C18.33,3.58 20.42,5.67 23,5.67V4.33C21.16,4.33 19.67,2.84 19.67,1H18.33M21,1A2,2 0 0,0 23,3V1H21M7.92,4.03C7.75,4.03 7.58,4.06 7.42,4.11L2,5.8V11H3.8V7.33L5.91,6.67L2,22H3.8L6.67,13.89L9,17V22H10.8V15.59L8.31,11.05L9.04,8.18L10.12,10H15V8.2H11.38L9.38,4.87C9.08,4.37 8.54,4.03 7.92,4.03Z";var F3="M2,10.96C1.5,10.68 1.35,10.07 1.63,9.59L3.13,7C3.24,6.8 3.41,6.66 3.6,6.58L11.43,2.18C11.59,2.06 11.79,2 12,2C12.21,2 12.41,2.06 12.57,2.18L20.47,6.62C20.66,6.72 20.82,6.88 20.91,7.08L22.36,9.6C22.64,10.08 22.47,10.69 22,10.96L21,11.54V16.5C21,16.88 20.79,17.21 20.47,17.38L12.57,21.82C12.41,21.94 12.21,22 12,22C11.79,22 11.59,21.94 11.43,21.82L3.53,17.38C3.21,17.21 3,16.88 3,16.5V10.96C2.7,11.13 2.32,11.14 2,10.96M12,4.15V4.15L12,10.85V10.85L17.96,7.5L12,4.15M5,15.91L11,19.29V12.58L5,9.21V15.91M19,15.91V12.69L14,15.59C13.67,15.77 13.3,15.76 13,15.6V19.29L19,15.91M13.85,13.36L20.13,9.73L19.55,8.72L13.27,12.35L13.85,13.36Z";var g5="M14,19H18V5H14M6,19H10V5H6V19Z";var E3="M8.35,3C9.53,2.83 10.78,4.12 11.14,5.9C11.5,7.67 10.85,9.25 9.67,9.43C8.5,9.61 7.24,8.32 6.87,6.54C6.5,4.77 7.17,3.19 8.35,3M15.5,3C16.69,3.19 17.35,4.77 17,6.54C16.62,8.32 15.37,9.61 14.19,9.43C13,9.25 12.35,7.67 12.72,5.9C13.08,4.12 14.33,2.83 15.5,3M3,7.6C4.14,7.11 5.69,8 6.5,9.55C7.26,11.13 7,12.79 5.87,13.28C4.74,13.77 3.2,12.89 2.41,11.32C1.62,9.75 1.9,8.08 3,7.6M21,7.6C22.1,8.08 22.38,9.75 21.59,11.32C20.8,12.89 19.26,13.77 18.13,13.28C17,12.79 16.74,11.13 17.5,9.55C18.31,8 19.86,7.11 21,7.6M19.33,18.38C19.37,19.32 18.65,20.36 17.79,20.75C16,21.57 13.88,19.87 11.89,19.87C9.9,19.87 7.76,21.64 6,20.75C5,20.26 4.31,18.96 4.44,17.88C4.62,16.39 6.41,15.59 7.47,14.5C8.88,13.09 9.88,10.44 11.89,10.44C13.89,10.44 14.95,13.05 16.3,14.5C17.41,15.72 19.26,16.75 19.33,18.38Z";var C2="M20.71,7.04C21.1,6.65 21.1,6 20.71,5.63L18.37,3.29C18,2.9 17.35,2.9 16.96,3.29L15.12,5.12L18.87,8.87M3,17.25V21H6.75L17.81,9.93L14.06,6.18L3,17.25Z";var p1="M16,12V4H17V2H7V4H8V12L6,14V16H11.2V22H12.8V16H18V14L16,12Z";var H2="M16,12V4H17V2H7V4H8V12L6,14V16H11.2V22H12.8V16H18V14L16,12M8.8,14L10,12.8V4H14V12.8L15.2,14H8.8Z";var y1="M8,5.14V19.14L19,12.14L8,5.14Z";var f5="M17.65,6.35C16.2,4.9 14.21,4 12,4A8,8 0 0,0 4,12A8,8 0 0,0 12,20C15.73,20 18.84,17.45 19.73,14H17.65C16.83,16.33 14.61,18 12,18A6,6 0 0,1 6,12A6,6 0 0,1 12,6C13.66,6 15.14,6.69 16.22,7.78L13,11H20V4L17.65,6.35Z";var b5="M9,9H15V15H9M7,17H17V7H7M15,5H17V3H15M15,21H17V19H15M19,17H21V15H19M19,9H21V7H19M19,21A2,2 0 0,0 21,19H19M19,13H21V11H19M11,21H13V19H11M9,3H7V5H9M3,17H5V15H3M5,21V19H3A2,2 0 0,0 5,21M19,3V5H21A2,2 0 0,0 19,3M13,3H11V5H13M3,9H5V7H3M7,21H9V19H7M3,13H5V11H3M3,5H5V3A2,2 0 0,0 3,5Z";var B1="M18,16.08C17.24,16.08 16.56,16.38 16.04,16.85L8.91,12.7C8.96,12.47 9,12.24 9,12C9,11.76 8.96,11.53 8.91,11.3L15.96,7.19C16.5,7.69 17.21,8 18,8A3,3 0 0,0 21,5A3,3 0 0,0 18,2A3,3 0 0,0 15,5C15,5.24 15.04,5.47 15.09,5.7L8.04,9.81C7.5,9.31 6.79,9 6,9A3,3 0 0,0 3,12A3,3 0 0,0 6,15C6.79,15 7.5,14.69 8.04,14.19L15.16,18.34C15.11,18.55 15.08,18.77 15.08,19C15.08,20.61 16.39,21.91 18,21.91C19.61,21.91 20.92,20.61 20.92,19A2.92,2.92 0 0,0 18,16.08Z";var V2="M16,18H18V6H16M6,18L14.5,12L6,6V18Z";var L2="M6,18V6H8V18H6M9.5,12L18,6V18L9.5,12Z";var O5="M14,3.23V5.29C16.89,6.15 19,8.83 19,12C19,15.17 16.89,17.84 14,18.7V20.77C18,19.86 21,16.28 21,12C21,7.72 18,4.14 14,3.23M16.5,12C16.5,10.23 15.5,8.71 14,7.97V16C15.5,15.29 16.5,13.76 16.5,12M3,9V15H7L12,20V4L7,9H3Z";var y5="M12,4L9.91,6.09L12,8.18M4.27,3L3,4.27L7.73,9H3V15H7L12,20V13.27L16.25,17.53C15.58,18.04 14.83,18.46 14,18.7V20.77C15.38,20.45 16.63,19.82 17.68,18.96L19.73,21L21,19.73L12,10.73M19,12C19,12.94 18.8,13.82 18.46,14.64L19.97,16.15C20.62,14.91 21,13.5 21,12C21,7.72 18,4.14 14,3.23V5.29C16.89,6.15 19,8.83 19,12M16.5,12C16.5,10.23 15.5,8.71 14,7.97V10.18L16.45,12.63C16.5,12.43 16.5,12.21 16.5,12Z";var D3={icon:$3,color:"--blue-grey-color",fallback:"#607d8b",rank:7},k5={ding:{icon:P3,color:"--orange-color",fallback:"#ef6c00",rank:0},alarm:{icon:w3,color:"--red-color",fallback:"#e53935",rank:1},package:{icon:F3,color:"--brown-color",fallback:"#8d6e63",rank:2},person:{icon:_3,color:"--purple-color",fallback:"#9c27b0",rank:3},vehicle:{icon:B3,color:"--indigo-color",fallback:"#5c6bc0",rank:4},animal:{icon:E3,color:"--green-color",fallback:"#43a047",rank:5},door_activity:{icon:T3,color:"--teal-color",fallback:"#00897b",rank:6},motion:D3,on_demand:{icon:R3,color:"--blue-grey-color",fallback:"#607d8b",rank:8},on_demand_link:{icon:J,color:"--blue-grey-color",fallback:"#607d8b",rank:9}},z3=(r,L)=>[r,...L].reduce((C,H)=>S2(H).rank<S2(C).rank?H:C,r),S2=r=>k5[r]??D3;var k1=[],N3=Promise.resolve(),e2,n7=2e3,_5=r=>{N3=N3.then(r).catch(()=>{})},A7=r=>{let L=r?.clipDownload;return typeof L=="number"?L:0};window.addEventListener("popstate",r=>{if(e2)e2();else for(;k1.length>A7(r.state);)k1.pop()?.()});var T1=(r,L)=>{let C=k1.push(r);_5(()=>history.pushState({clipDownload:C},"",L))},R1=r=>{let L=k1.indexOf(r);L<0||(k1.splice(L,1),_5(()=>new Promise(C=>{let H=setTimeout(()=>e2?.(),n7);e2=()=>{e2=void 0,clearTimeout(H),C()},history.back()})))},$1=r=>{let L=k1.indexOf(r);L>=0&&k1.splice(L,1)},w5=r=>{_5(()=>history.replaceState(history.state,"",r))};var t1=r=>new Date(r).toISOString(),m=r=>Date.parse(r),I3=new Map,d7=r=>{let L=I3.get(r);return L||(L=new Intl.DateTimeFormat("en-US",{timeZone:r,hourCycle:"h23",year:"numeric",month:"numeric",day:"numeric",hour:"numeric",minute:"numeric",second:"numeric"}),I3.set(r,L)),L},r2=(r,L)=>{let C={year:0,month:0,day:0,hour:0,minute:0,second:0};for(let H of d7(L).formatToParts(r))H.type in C&&(C[H.type]=Number(H.value));return C},P5=r=>Date.UTC(r.year,r.month-1,r.day,r.hour,r.minute,r.second),g2=(r,L)=>{let C=Math.floor(r/1e3)*1e3;return P5(r2(C,L))-C},B5=(r,L)=>{let C=P5(r),H=C-g2(C-24*36e5,L),V=C-g2(C+24*36e5,L);for(let e of H<V?[H,V]:[V,H])if(P5(r2(e,L))===C)return e;return H},I=(r,L,C=0)=>{let{year:H,month:V,day:e}=r2(r,L),t=M=>{let i=new Date(Date.UTC(H,V-1,e+M)),o={year:i.getUTCFullYear(),month:i.getUTCMonth()+1,day:i.getUTCDate(),hour:0,minute:0,second:0};return B5(o,L)};return{id:new Date(Date.UTC(H,V-1,e+C)).toISOString().slice(0,10),start:t(C),end:t(C+1)}},f2=(r,L)=>{let[C=0,H=1,V=1]=r.split("-").map(Number);return I(B5({year:C,month:H,day:V,hour:12,minute:0,second:0},L),L)},W3=(r,L,C,H)=>{let V=r.replace(/[\u0660-\u0669]/g,d=>String(d.charCodeAt(0)-1632)).replace(/[\u06f0-\u06f9]/g,d=>String(d.charCodeAt(0)-1776)).trim().toLowerCase(),e=/^(\d{1,2})(?:[:.\s]?(\d{2}))?(?:[:.\s]?(\d{2}))?\s*([ap])?\.?\s*(?:m\.?)?$/.exec(V);if(!e)return null;let t=Number(e[1]),M=Number(e[2]??0),i=Number(e[3]??0);if(e[4]){if(t<1||t>12)return null;t=t%12+(e[4]==="p"?12:0)}if(t>23||M>59||i>59)return null;let o=[-1,0,1].map(d=>{let[p=0,c=0,S=0]=I(L,C,d).id.split("-").map(Number);return B5({year:p,month:c,day:S,hour:t,minute:M,second:i},C)}),l=H?o.filter(d=>H.start<=d&&d<=H.end):[];return(l.length?l:o).reduce((d,p)=>Math.abs(p-L)<Math.abs(d-L)?p:d)},W=(r,L,C)=>Math.min(Math.max(r,L),C);var b2=async r=>(await r.callWS({type:"clip_download/cameras"})).cameras,j3=async(r,L,C,H)=>(await r.callWS({type:"clip_download/timeline",entity_ids:L,start:t1(C),end:t1(H)})).cameras,U3=(r,L,C)=>r.callWS({type:"clip_download/picture_at",entity_id:L,at:t1(C)}),G3=(r,L)=>r.callWS({type:"clip_download/clips/list",...L}),O2=async(r,L)=>(await r.callWS({type:"clip_download/clip/get",clip_id:L})).clip,Q3=(r,L)=>r.callWS({type:"clip_download/clips/filters",entity_ids:L}),K3=(r,L)=>r.connection.subscribeMessage(L,{type:"clip_download/clips/subscribe"}),q3=(r,L)=>r.connection.subscribeMessage(L,{type:"clip_download/jobs/subscribe"}),J3=(r,L)=>r.callWS({type:"clip_download/jobs/cancel",job_id:L}),X3=(r,L)=>r.callWS({type:"clip_download/back_fill/cancel",account_id:L}),Y3=(r,L)=>r.callWS({type:"clip_download/jobs/retry",job_id:L}),C0=async(r,L,C)=>(await r.callWS({type:"clip_download/clip/keep",clip_ids:L,kept:C})).clips,H0=async(r,L,C)=>(await r.callWS({type:"clip_download/clip/label",clip_ids:L,label:C})).clips,V0=(r,L)=>r.callWS({type:"clip_download/clip/delete",clip_ids:L}),L0=async(r,L,C)=>(await r.callWS({type:"clip_download/share/create",clip_id:L,hours:C})).share,e0=async r=>(await r.callWS({type:"clip_download/share/list"})).shares,r0=(r,L)=>r.callWS({type:"clip_download/share/revoke",share_id:L}),t0=(r,L,C)=>r.connection.subscribeMessage(C,{type:"clip_download/export",clip_ids:L}),M0=(r,L,C)=>r.connection.subscribeMessage(C,{type:"clip_download/clip/fetch",clip_id:L}),i0=async(r,L,C,H,V)=>{let e={start:t1(C),end:t1(H),wait:!1,...V&&{label:V}};return(await r.callService("clip_download","save_clip",e,{entity_id:L},!1,!0)).response??{}},o0=async r=>(await r.callWS({type:"manifest/get",integration:"clip_download"})).version;var F1=r=>({start:m(r.start),end:m(r.end)}),a0=r=>r==null?null:m(r),y2=(r,L)=>r.start-L.start,t2=r=>r.state==="finishing"||r.state==="saved"?1:r.size_bytes?Math.min(r.received_bytes/r.size_bytes,1):r.parts?Math.min(r.parts_done/r.parts,1):null,_1=r=>r.state==="saved"||r.state==="failed"||r.state==="cancelled",n0=(r,L,C)=>({entityId:r.entity_id,name:r.name,anyWindow:r.any_window,footage:L?.footage?.map(F1).sort(y2)??null,retentionStart:a0(L?.retention_start),onlyMotionBefore:a0(L?.only_motion_before),refused:(L?.refused??[]).map(H=>({...F1(H),reason:H.reason})).sort(y2),lag:r.lag_s*1e3,bytesPerS:r.bytes_per_s,usdPerGb:r.usd_per_gb,hasPictures:r.has_pictures,isSignedOut:r.status==="signed_out",events:(L?.events??[]).map(H=>{let V=z3(H.kind,H.seen);return{...F1(H),kind:V,look:S2(V),event:H}}).sort(y2),clips:(L?.clips??[]).map(H=>({...F1(H),gaps:H.gaps.map(F1),kept:H.kept,clip:H})).sort(y2),jobs:C.filter(H=>H.entity_id===r.entity_id&&H.state!=="saved"&&H.state!=="cancelled").map(H=>({...F1(H),share:t2(H),failed:H.state==="failed",job:H}))}),$5=(r,L)=>r.clips.find(C=>C.start<=L.start&&C.end>=L.end)?.clip,l7=24*36e5,A0=(r,L)=>{let C=r.clips.filter(t=>t.start<L.end&&t.end>L.start),H=Math.min(L.start,...C.map(t=>t.start)),V=Math.max(L.end,...C.map(t=>t.end));return(H<L.start||V>L.end)&&!$5(r,L)&&V-H<=l7?{start:H,end:V}:null},d0=r=>{if(r.bytesPerS!==null)return r.bytesPerS;let L=0,C=0;for(let{clip:H}of r.clips)L+=H.size_bytes,C+=H.duration_s;return C?L/C:null},l0=(r,L)=>{let C=0;for(let H of r){let V=d0(H);if(V===null)return null;C+=V*(L.end-L.start)/1e3}return C||null},s0=(r,L)=>{let C=0;for(let H of r){if(H.usdPerGb===null)continue;let V=d0(H);if(V===null)return null;C+=V*(L.end-L.start)/1e3/1e9*H.usdPerGb}return C||null},k2=(r,L,C)=>{let H;for(let V of r)for(let e of V.events)(C?e.start<=L:e.start>=L)||(!H||(C?e.start<H.mark.start:e.start>H.mark.start))&&(H={row:V,mark:e});return H},M1=r=>r.end-r.start>=1e3?{start:r.start,end:r.end}:{start:r.start,end:r.start+6e4},R5=15*1e3,p0=r=>({start:r.start-R5,end:Math.max(r.end,r.start+R5)+R5}),m0=(r,L)=>{let C,H=-1;for(let V of r.events){let e=Math.min(V.end,L.end)-Math.max(V.start,L.start);e<0||e<=H||(H=e,C=V)}return C},_2=(r,L)=>{let C,H=1/0;for(let V of r.events){let e=Math.max(V.start-L.end,L.start-V.end);e>=H||(H=e,C=V)}return C},M2=(r,L)=>r.refused.find(C=>C.start<=L.end&&L.start<=C.end),E1=(r,L,C)=>r.hasPictures&&["there","unknown","only_motion"].includes(F5(r,L,C)),F5=(r,L,C)=>L>C?"future":r.retentionStart!==null&&L<r.retentionStart?"gone":L>C-r.lag?"not_yet":M2(r,{start:L,end:L})?"refused":r.footage?r.footage.some(H=>H.start<=L&&L<=H.end)?"there":"none":L<(r.onlyMotionBefore??0)?"only_motion":"unknown";var s7="0.1.0",v0="clip-download-reloaded-for",p7=(r,L)=>{let C=t=>{let M=/^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:(?:-|\.)?(a|b|rc|dev)[a-z.-]*(\d*))?/.exec(t);if(!M)return[];let i=M[4]===void 0?4:["dev","a","b","rc"].indexOf(M[4]);return[Number(M[1]),Number(M[2]??0),Number(M[3]??0),i,Number(M[5]??0)]},H=C(r),V=C(L),e=H.findIndex((t,M)=>t!==V[M]);return e>=0&&(H[e]??0)>(V[e]??0)},E5=async(r,L=s7,C=()=>location.reload())=>{let H;try{if(H=await o0(r),H===void 0||!p7(H,L)||sessionStorage.getItem(v0)===H)return;sessionStorage.setItem(v0,H)}catch{return}C()};var m7=3,v7=1e4,c7=40,x7=100,c0=6e4,u7=1e3,X=(r,L)=>{if(typeof r!="object"||r===null)return String(r);let{code:C,message:H,translation_domain:V,translation_key:e,translation_placeholders:t}=r,M=`component.${V??""}.exceptions.${e??""}.message`;return[e&&L?.localize?.(M,t),H,C].find(Boolean)??""},Z7=r=>typeof r=="object"&&r!==null?r.code:void 0,z5=class{constructor(){this._doomed=null;this._listeners=new Set}get clips(){return this._doomed?.clips??[]}has(L){return this.clips.some(C=>C.id===L)}listen(L){return this._listeners.add(L),()=>this._listeners.delete(L)}isShownBy(L){return this._listeners.values().next().value===L}put(L,C){this._empty(),this._doomed={hass:L,clips:C,timer:window.setTimeout(()=>{this._empty()},v7)},this._tell()}undo(){this._doomed&&(window.clearTimeout(this._doomed.timer),this._doomed=null,this._tell())}async _empty(){let L=this._doomed;if(!L)return;window.clearTimeout(L.timer),this._doomed=null;let C;try{let{spared:H}=await V0(L.hass,L.clips.map(V=>V.id));H[0]&&(C=L5(N(L.hass.locale.language),H[0].reason))}catch(H){C=X(H,L.hass)}this._tell(C)}_tell(L){for(let C of this._listeners)C(L)}},Y=new z5,i1={allDays:!1,query:"",camera:"",label:"",kind:"",seen:"",kept:!1,partial:!1},w2=class{constructor(L){this._host=L;this.state="loading";this.failure="";this.isOnline=!0;this.cameras=[];this.timelines=new Map;this.isLoadingDay=!1;this.dayFailure="";this.jobs=[];this.backFills=[];this.clips=[];this.isLoadingClips=!1;this.hasMoreClips=!1;this.filter=i1;this.filters={labels:[],kinds:[],seen:[]};this.opened=null;this.packing=null;this.bringing=null;this.notice="";this._shown=[];this._cursor=null;this._asked=0;this._askedClips=0;this._unsubscribes=[];this._refresh=0;this._settle=0;this._dismissed=new Set;this._binned=L=>{L&&this.showsBin&&this.tell(L),this._changed()};this._ready=()=>{this.isOnline=!0,this._hass&&E5(this._hass),this.load()};this._lost=()=>{this.isOnline=!1,this._changed()};L.addController(this)}hostConnected(){this._unlisten=Y.listen(this._binned),this._hass&&this._open(this._hass)}hostDisconnected(){this._unlisten?.(),this.stopPacking(),this._leave(),this._close()}setHass(L){let C=!this._hass;this._hass=L,(C||this._connection!==L.connection)&&(this._close(),this._open(L))}_open(L){this._connection||(E5(L),L.loadBackendTranslation?.("exceptions","clip_download").catch(()=>{}),this._connection=L.connection,this.isOnline=L.connection.connected,L.connection.addEventListener("ready",this._ready),L.connection.addEventListener("disconnected",this._lost),this._refresh=window.setInterval(()=>this._refreshToday(),c0),this.load())}_close(){this._connection?.removeEventListener("ready",this._ready),this._connection?.removeEventListener("disconnected",this._lost),this._connection=void 0,this._unsubscribe(),window.clearInterval(this._refresh),window.clearTimeout(this._settle),this._settle=0}_unsubscribe(){for(let L of this._unsubscribes)L.then(C=>C()).catch(()=>{});this._unsubscribes=[]}get showsBin(){return Y.isShownBy(this._binned)}_changed(){this._host.requestUpdate()}tell(L){this.notice=L,this._changed()}async load(){let L=this._hass;if(L){this.state!=="ready"&&(this.state="loading"),this._changed();try{this._unsubscribes.length||this._subscribe(L),this.cameras=await b2(L),await this._firstJobs,this.state="ready"}catch(C){this.isOnline&&this.state!=="ready"&&(this.state=Z7(C)==="unknown_command"?"missing":"failed",this.failure=X(C,L),this._unsubscribe()),this._changed();return}this._changed(),await this._loadDay()}}_subscribe(L){this._firstJobs=new Promise(C=>{let H=q3(L,V=>{this._jobsChanged(V),C()});this._unsubscribes=[H,K3(L,V=>this._clipsChanged(V))];for(let V of this._unsubscribes)V.catch(e=>{this.state==="ready"&&this.tell(X(e,L)),C()})})}show(L,C){if(this._day?.start===L.start&&this._shown.join()===C.join())return;let V=this._day?.start!==L.start;this._day=L,this._shown=C,V&&(this.timelines=new Map),this.clips=[],this._changed(),this.state==="ready"&&this._loadDay()}async _loadDay(){let L=++this._asked;await Promise.all([this._loadClips(null),this._loadTimelines(L),this._loadFilters()])}async _loadFilters(){if(!(!this._hass||!this._shown.length)){try{this.filters=await Q3(this._hass,this._shown)}catch{return}this._changed()}}async _loadTimelines(L){let C=this._hass,H=this._day;if(!(!C||!H||!this._shown.length)){this.isLoadingDay=this._shown.some(V=>!this.timelines.has(V)),this._changed();try{let V=await j3(C,this._shown,H.start,H.end);if(L!==this._asked)return;this.timelines=new Map(V.map(e=>[e.entity_id,e])),this.dayFailure=""}catch(V){if(L!==this._asked)return;this.isOnline&&(this.dayFailure=X(V,C))}this.isLoadingDay=!1,this._changed()}}setFilter(L){this.filter=L,this._changed(),this.state==="ready"&&this._loadClips(null)}_clipsQuery(L){let{allDays:C,query:H,camera:V,label:e,kind:t,seen:M,kept:i,partial:o}=this.filter;return{entity_ids:this._shown.includes(V)?[V]:this._shown,...!C&&{start:t1(L.start),end:t1(L.end)},...H&&{query:H},...e&&{label:e},...t&&{kind:t},...M&&{seen:M},...i&&{kept:i},...o&&{status:"partial"}}}async _loadClips(L){let C=this._hass,H=this._day;if(!C||!H)return;let V=++this._askedClips;if(!this._shown.length){this.hasMoreClips=!1;return}this.isLoadingClips=!0,this._changed();try{let e=await G3(C,{...this._clipsQuery(H),limit:L===null?c7:x7,...L!==null&&{cursor:L}});if(V!==this._askedClips)return;this.clips=L===null?e.clips:D5(this.clips,e.clips,new Set),this._cursor=e.cursor,this.hasMoreClips=e.cursor!==null}catch(e){if(V!==this._askedClips)return;this.isOnline&&this.tell(X(e,C))}this.isLoadingClips=!1,this._changed()}async loadMoreClips(){this._cursor!==null&&!this.isLoadingClips&&await this._loadClips(this._cursor)}async open(L){this._leave();let C=this.clips.find(H=>H.id===L);return C?this.opened=C:await this._try(async H=>this.opened=await O2(H,L)),this._changed(),this.opened?.id!==L?null:(this.opened.away&&this.bring(this.opened),this.opened)}async bring(L){let C=this._hass;if(!C)return;this._leave();let H={clipId:L.id,done:0,size:null,failure:""},V=M=>{this._stopBringing===t&&(this.bringing={...H,failure:M},this._changed())},e=M0(C,L.id,M=>{if(this._stopBringing!==t)return;if(M.error){V(M.error.message);return}let{done_bytes:i,size_bytes:o}=M;this.bringing={...H,done:i??0,size:o??null},M.clip&&(this._leave(),this._clipsChanged({changed:[M.clip]})),this._changed()}),t=()=>{e.then(M=>M()).catch(()=>{})};this.bringing=H,this._stopBringing=t,this._changed();try{await e}catch(M){V(X(M,C))}}_leave(){this._stopBringing?.(),this._stopBringing=void 0,this.bringing=null}close(){this._leave(),this.opened=null,this._changed()}async reloadDay(){await this._loadDay()}_refreshToday(){let L=Date.now();this._day&&this._day.start<=L&&L<this._day.end+2*c0&&this.isOnline&&this.state==="ready"&&!document.hidden&&this._loadTimelines(this._asked)}_jobsChanged(L){let C=new Map(this.jobs.map(e=>[e.id,e])),H=new Map(L.jobs?L.jobs.map(e=>[e.id,e]):C);for(let e of L.changed??[])H.set(e.id,e);for(let e of L.removed??[])H.delete(e);L.back_fills&&(this.backFills=L.back_fills);let V=0;this.jobs=[...H.values()].filter(e=>!this._dismissed.has(e.id)).sort((e,t)=>m(t.asked_at)-m(e.asked_at)).filter(e=>e.state!=="saved"||++V<=m7),this._changed()}_clipsChanged(L){let C=[...L.saved??[],...L.changed??[]],H=new Set(L.removed);this._copiesChanged(L.copies??{});let V=this._day,e=i=>V!==void 0&&i.entity_id!==null&&this._shown.includes(i.entity_id)&&m(i.start)<V.end&&m(i.end)>V.start,t=new Set(this.clips.map(i=>i.id)),M=i=>t.has(i.id)||this._isWanted(i,e(i));this.opened=C.find(i=>i.id===this.opened?.id)??this.opened,this.opened&&H.has(this.opened.id)&&(this.opened=null),this.clips=D5(this.clips,C.filter(M),H);for(let[i,o]of this.timelines){let l=C.filter(d=>d.entity_id===i&&e(d));(l.length||o.clips.some(d=>H.has(d.id)))&&this.timelines.set(i,{...o,clips:D5(o.clips,l,H)})}this.timelines=new Map(this.timelines),this._changed(),L.saved?.length&&!this._settle&&(this._settle=window.setTimeout(()=>{this._settle=0,this._loadTimelines(this._asked)},u7))}_copiesChanged(L){let C=H=>{let V=L[H.id];return V?{...H,copies:V}:H};this.clips.some(H=>L[H.id])&&(this.clips=this.clips.map(C)),this.opened&&(this.opened=C(this.opened))}_isWanted(L,C){let{allDays:H,query:V,camera:e,label:t,kind:M,seen:i,kept:o,partial:l}=this.filter;return(C||H&&this._shown.includes(L.entity_id??""))&&!V&&(!this._shown.includes(e)||L.entity_id===e)&&(!t||L.label===t)&&(!M||L.kinds.includes(M))&&(!i||L.seen.includes(i))&&(!o||L.kept)&&(!l||L.status==="partial")}async save(L,C,H){return await this._try(async V=>{let e=await i0(V,L,C.start,C.end,H);for(let t of Object.values(e))t.status==="failed"&&t.error&&this.tell(typeof t.error=="string"?t.error:t.error.message??"")})}async cancel(L){await this._try(C=>J3(C,L))}async cancelBackFill(L){await this._try(C=>X3(C,L))}async retry(L){await this._try(C=>Y3(C,L))&&this.dismiss(L)}dismiss(L){this.jobs.some(C=>C.id===L&&!_1(C))||(this._dismissed.add(L),this.jobs=this.jobs.filter(C=>C.id!==L),this._changed())}async keep(L,C){let H=L.filter(V=>V.kept!==C);await this._change(H,(V,e)=>C0(V,e,C))}async label(L,C){let H=L.filter(V=>V.label!==C);await this._change(H,(V,e)=>H0(V,e,C)),this._loadFilters()}async _change(L,C){let H=L.map(V=>V.id);H.length&&await this._try(async V=>this._clipsChanged({changed:await C(V,H)}))}delete(L){if(!this._hass)return;L.some(H=>H.kept)&&this.tell(L5(N(this._hass.locale.language),"kept"));let C=L.filter(H=>!H.kept);C.length&&(C.some(H=>H.id===this.opened?.id)&&(this.opened=null),Y.put(this._hass,C))}async pack(L){let C=this._hass;if(!C)return;this.stopPacking();let H={count:L.length,done:0,size:null,name:"",url:null},V=i=>{this._stopPacking===M&&(this.stopPacking(),this.tell(i))},e=L.map(i=>i.id),t=t0(C,e,i=>{this._stopPacking===M&&(i.error?V(i.error.message):this.packing=h7(this.packing??H,i),this._changed())}),M=()=>{t.then(i=>i()).catch(()=>{})};this.packing=H,this._stopPacking=M,this._changed();try{await t}catch(i){V(X(i,C))}}stopPacking(){this._stopPacking?.(),this._stopPacking=void 0,this.packing=null,this._changed()}async _try(L){if(!this._hass)return!1;try{await L(this._hass)}catch(C){return this.tell(X(C,this._hass)),!1}return!0}},h7=(r,L)=>({...r,done:L.done_bytes??r.done,size:L.size_bytes??r.size,name:L.name??r.name,url:L.url??r.url}),D5=(r,L,C)=>{let H=new Map(r.map(V=>[V.id,V]));for(let V of L)H.set(V.id,V);for(let V of C)H.delete(V);return[...H.values()].sort((V,e)=>m(e.start)-m(V.start))};var f=Z`
  :host {
    --cd-text: var(--primary-text-color, #141414);
    --cd-faint: var(--secondary-text-color, #5e5e5e);
    --cd-ground: var(--card-background-color, #fff);
    --cd-line: var(--divider-color, rgba(0, 0, 0, 0.12));
    --cd-primary: var(--primary-color, #009ac7);
    /* The theme's own is too bright for white text on it, and for text of its color. */
    --cd-strong: color-mix(in srgb, var(--cd-primary) 72%, black);
    --cd-link: color-mix(in srgb, var(--cd-primary) 55%, var(--cd-text));
    --cd-on-strong: #fff;
    --cd-error: color-mix(in srgb, var(--error-color, #db4437) 65%, var(--cd-text));
    --cd-soft: color-mix(in srgb, var(--cd-text) 7%, transparent);
    --cd-radius: 8px;
    color: var(--cd-text);
    font-family: var(--ha-font-family-body, var(--paper-font-body1_-_font-family, Roboto, Noto, sans-serif));
    font-size: 14px;
    line-height: 20px;
    box-sizing: border-box;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  [hidden] {
    display: none !important;
  }
  button,
  input {
    font: inherit;
    color: inherit;
    margin: 0;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: 44px;
    min-width: 44px;
    padding: 0 14px;
    border: 0;
    border-radius: 22px;
    background: transparent;
    color: var(--cd-text);
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }
  button:hover,
  .button:hover {
    background: var(--cd-soft);
  }
  button:disabled {
    color: var(--disabled-text-color, #8c8c8c);
    cursor: default;
    background: transparent;
  }
  button.icon,
  .button.icon {
    padding: 0;
    width: 44px;
  }
  button.outlined {
    box-shadow: inset 0 0 0 1px var(--cd-line);
  }
  button.primary {
    background: var(--cd-strong);
    color: var(--cd-on-strong);
    padding: 0 20px;
  }
  button.primary:hover {
    background: color-mix(in srgb, var(--cd-strong) 88%, black);
  }
  button.primary:disabled {
    background: var(--cd-soft);
    color: var(--cd-faint);
  }
  :focus {
    outline: none;
  }
  :focus-visible {
    outline: 2px solid var(--cd-link);
    outline-offset: 2px;
  }
  input {
    min-height: 44px;
    padding: 0 12px;
    border: 1px solid var(--cd-faint);
    border-radius: var(--cd-radius);
    background: var(--cd-ground);
    min-width: 0;
  }
  input::placeholder {
    color: var(--cd-faint);
    opacity: 1;
  }
  svg.icon {
    width: 24px;
    height: 24px;
    flex: none;
    fill: currentColor;
  }
  svg.small {
    width: 18px;
    height: 18px;
  }
  h2 {
    margin: 0;
    font-size: 16px;
    font-weight: 500;
    line-height: 24px;
  }
  .hidden-text {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`,P2=Z`
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    min-width: 0;
  }
  .chip {
    box-shadow: inset 0 0 0 1px var(--cd-line);
  }
  .on {
    background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
    box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--cd-primary) 55%, transparent);
  }
  @container (max-width: 600px) {
    .chips {
      flex-wrap: nowrap;
      overflow-x: auto;
      margin: -4px;
      padding: 4px;
      scrollbar-width: none;
    }
  }
`;var S7=500,g7=10,f7=200,B=class extends x{constructor(){super(...arguments);this.clips=[];this.cameras=[];this.shown=[];this.filter=i1;this.filters={labels:[],kinds:[],seen:[]};this.opened=null;this.bringing=null;this.loading=!1;this.hasMore=!1;this.offline=!1;this._selected=new Set;this._isSelecting=!1;this._anchor=null;this._press=null;this._ignoresClick=!1;this._back=()=>this._stopSelecting()}disconnectedCallback(){super.disconnectedCallback(),$1(this._back),this._release()}willUpdate(C){if(!C.has("clips")||!this._selected.size)return;let H=this.clips.filter(V=>this._selected.has(V.id)).map(V=>V.id);H.length!==this._selected.size&&(this._selected=new Set(H))}updated(C){if(!C.has("opened"))return;let H=C.get("opened");if(this.opened&&H?.id!==this.opened.id){let V=this._player;V?.updateComplete.then(()=>{V.scrollIntoView({block:"nearest",behavior:"smooth"}),V.focus()})}else H&&!this.opened&&this._focusCard(H.id)}_send(C,H){this.dispatchEvent(new CustomEvent(C,{detail:H}))}_name(C){return this.cameras.find(H=>H.entity_id===C.entity_id)?.name??C.camera}get _atHome(){return this.clips.filter(C=>!C.away)}get _chosen(){return this.clips.filter(C=>this._selected.has(C.id))}get _days(){if(!this.filter.allDays)return[{id:"",clips:[...this.clips]}];let C=[];for(let H of this.clips){let{id:V}=I(m(H.start),this.format.zone),e=C.at(-1);e?.id===V?e.clips.push(H):C.push({id:V,clips:[H]})}return C}render(){let{opened:C}=this,H=C!==null&&!this.clips.some(V=>V.id===C.id);return n`
      ${this._isSelecting?this._bar():this._heading()}
      <clip-download-filters
        .filter=${this.filter}
        .filters=${this.filters}
        .cameras=${this.cameras.filter(V=>this.shown.includes(V.entity_id))}
        .localize=${this.localize}
        @filter-changed=${V=>this._send("filter-changed",V.detail)}
      ></clip-download-filters>
      ${H?n`<div class="alone">${this._playerOf(C)}</div>`:s}
      ${this.clips.length?this._grid():this._empty()}
      ${this.hasMore?n`<button class="outlined more" ?disabled=${this.loading} @click=${()=>this._send("more")}>
            ${this.localize("clips.more")}
          </button>`:s}
    `}_heading(){let{localize:C,clips:H}=this;return n`<div class="bar">
      <h2>
        ${C("clips.title")}
        ${H.length?n`<span class="count">${this.format.count(H.length)}${this.hasMore?"+":""}</span>`:s}
      </h2>
      ${this._action("clips.select",a5,()=>this._select(),!H.length)}
      ${this._action("share.links",x5,()=>this._send("links"),this.offline)}
    </div>`}_bar(){let{localize:C,offline:H}=this,V=this._chosen,e=!V.length||H,t=V.length>0&&V.every(i=>i.kept),M=V.length===this._atHome.length;return n`<div class="bar selecting" role="toolbar" aria-label=${C("clips.actions")}>
      ${this._action("clips.stop_selecting",_,()=>this._stop(),!1)}
      <h2>
        <span class="words" role="status">${C.plural("clips.selected",V.length)}</span>
        <span class="number" aria-hidden="true">${this.format.count(V.length)}</span>
      </h2>
      ${this._action(M?"clips.select_none":"clips.select_all",b5,()=>this._all(!M),!1)}
      ${this._action(t?"clips.release":"clips.keep",t?p1:H2,()=>this._do("keep",{clips:V,kept:!t}),e)}
      ${this._action("clips.label",C2,()=>this._send("label",V),e)}
      ${this._action("clips.export",v5,()=>this._do("export",V),e||V.length>f7)}
      ${this._action("clips.delete",O1,()=>this._do("delete",V),e)}
    </div>`}_action(C,H,V,e){let t=this.localize(C);return n`<button class="icon" aria-label=${t} title=${t} ?disabled=${e} @click=${V}>
      ${v(H)}
    </button>`}_grid(){return n`<p id="help" class="hidden-text">${this.localize("clips.help")}</p>
      <div class="days" aria-busy=${this.loading} @keydown=${this._key}>
        ${J1(this._days,C=>C.id,C=>n`${C.id&&C.clips[0]?n`<h3>${this.format.date(m(C.clips[0].start))}</h3>`:s}
              <ul aria-describedby="help">
                ${J1(C.clips,H=>H.id,H=>n`<li>${this._card(H)}</li>
                    ${H.id===this.opened?.id?n`<li class="wide">${this._playerOf(H)}</li>`:s}`)}
              </ul>`)}
      </div>`}_empty(){let{localize:C}=this;if(this.loading)return n`<ul aria-busy="true" aria-label=${C("loading")}>
        ${[0,1,2,3].map(()=>n`<li class="bones" aria-hidden="true"></li>`)}
      </ul>`;let{allDays:H,...V}=this.filter,e=Object.values(V).some(Boolean);return n`<div class="empty">
      ${v(h2)}
      <p>${C(e?"clips.none_found":H?"clips.none":"clips.empty")}</p>
      ${e?n`<button class="outlined" @click=${()=>this._send("filter-changed",i1)}>${C("filter.clear")}</button>`:s}
    </div>`}_card(C){let{localize:H,format:V}=this,e=m(C.start),t=C.id===this.opened?.id,M=this._selected.has(C.id),i=`${this._name(C)}, ${V.seconds(e)}`;return n`<button
        class="card ${t?"open":""} ${M?"selected":""}"
        data-clip=${C.id}
        aria-expanded=${this._isSelecting?s:t}
        aria-pressed=${this._isSelecting?M:s}
        @click=${o=>this._clicked(o,C)}
        @pointerdown=${o=>this._pressed(o,C)}
        @pointermove=${this._moved}
        @pointerup=${this._release}
        @pointercancel=${this._release}
        @contextmenu=${this._menu}
      >
        <span class="hidden-text">${H(this._isSelecting?"clips.select":"clips.play")}</span>
        <span class="picture">
          ${C.picture?n`<img src=${C.picture} alt="" loading="lazy" decoding="async" draggable="false" @error=${this._noPicture} />`:v(h2)}
          <span class="badge length">${V.length(C.duration_s*1e3)}</span>
          <span class="marks">
            ${C.away?this._mark(p5,"clips.away"):C.copies?.some(o=>o.copied_at)?this._mark(d5,"clips.copied"):s}
            ${C.kept?this._mark(p1,"clips.kept"):s}
          </span>
          ${C.status==="partial"?n`<span class="badge partial">${H("clips.partial")}</span>`:s}
        </span>
        <span class="text">
          <span><b>${V.seconds(e)}</b> <bdi>${this._name(C)}</bdi></span>
          <span class="faint"><bdi>${this._what(C)}</bdi></span>
        </span>
      </button>
      ${C.away?s:this._check(C,M,i)}`}_check(C,H,V){return n`<button
        class="check icon ${this._isSelecting?"shown":""}"
        role="checkbox"
        tabindex=${this._isSelecting?"-1":"0"}
        aria-checked=${H}
        aria-label="${this.localize("clips.select")}: ${V}"
        @click=${e=>this._choose(C,e.shiftKey)}
      >
        ${v(H?M5:o5)}
      </button>`}_mark(C,H){let V=this.localize(H);return n`<span class="badge mark" title=${V}>${v(C,"small")}<span class="hidden-text">${V}</span></span>`}_what(C){let H=[...C.kinds,...C.seen].map(V=>r1(this.localize,V));return[...new Set([d1(this.localize,C.label),...H])].filter(Boolean).join(" · ")}_noPicture(C){C.target.remove()}_playerOf(C){let H=this.clips.findIndex(e=>e.id===C.id),V=(e,t=C)=>()=>this._send(e,t);return n`<clip-download-player
      .clip=${C}
      .name=${this._name(C)}
      .what=${this._what(C)}
      .format=${this.format}
      .localize=${this.localize}
      .offline=${this.offline}
      .bringing=${this.bringing?.clipId===C.id?this.bringing:null}
      .hasPrevious=${H>=0&&H<this.clips.length-1}
      .hasNext=${H>0}
      @keep=${V("keep",{clips:[C],kept:!C.kept})}
      @label=${V("label",[C])}
      @share=${V("share")}
      @bring=${V("bring")}
      @delete=${V("delete",[C])}
      @close=${V("close")}
      @previous=${()=>this._open(H+1)}
      @next=${()=>this._open(H-1)}
    ></clip-download-player>`}_open(C){let H=this.clips[C];H&&this._send("open",H)}_select(){this._isSelecting||(this._isSelecting=!0,T1(this._back))}_stop(){R1(this._back),this._stopSelecting()}_stopSelecting(){this._isSelecting=!1,this._selected=new Set,this._anchor=null}_do(C,H){this._send(C,H),C!=="keep"&&this._stop()}_all(C){this._select(),this._selected=new Set(C?this._atHome.map(H=>H.id):[])}_choose(C,H){if(C.away&&!H)return;this._select();let V=this.clips.findIndex(M=>M.id===this._anchor),e=this.clips.indexOf(C),t=new Set(this._selected);if(H&&V>=0)for(let M of this.clips.slice(Math.min(V,e),Math.max(V,e)+1))M.away||t.add(M.id);else t.delete(C.id)||t.add(C.id),this._anchor=C.id;this._selected=t}_clicked(C,H){if(this._ignoresClick){this._ignoresClick=!1;return}this._isSelecting||C.shiftKey||C.ctrlKey||C.metaKey?this._choose(H,C.shiftKey):H.id===this.opened?.id?this._send("close"):this._send("open",H)}_pressed(C,H){if(this._ignoresClick=!1,this._release(),C.pointerType!=="touch")return;let V=window.setTimeout(()=>{this._press=null,this._ignoresClick=!0,this._choose(H,!1)},S7);this._press={x:C.clientX,y:C.clientY,timer:V}}_moved(C){let H=this._press;H&&Math.hypot(C.clientX-H.x,C.clientY-H.y)>g7&&this._release()}_release(){window.clearTimeout(this._press?.timer),this._press=null}_menu(C){(this._press||this._ignoresClick)&&C.preventDefault()}_focusCard(C){this.updateComplete.then(()=>{this.renderRoot.querySelector(`button[data-clip="${CSS.escape(C)}"]`)?.focus()})}_key(C){let H=C.target;if(C.key==="Escape"&&this._isSelecting)this._stop();else if(C.key==="a"&&(C.ctrlKey||C.metaKey))this._all(!0);else if(C.key==="Delete"&&this._selected.size&&!this.offline)this._do("delete",this._chosen);else if(H.dataset.clip!==void 0){let V=this.clips.findIndex(M=>M.id===H.dataset.clip),e=this.clips[this._neighbor(V,C.key,H)],t=this.clips[V];if(!e||!t)return;C.shiftKey&&(this._anchor===null&&this._choose(t,!1),this._choose(e,!0)),this._focusCard(e.id)}else return;C.preventDefault(),C.stopPropagation()}_neighbor(C,H,V){let e=getComputedStyle(this).direction==="rtl"?"ArrowLeft":"ArrowRight";if(H==="ArrowRight"||H==="ArrowLeft")return H===e?C+1:C-1;if(H==="Home")return 0;if(H==="End")return this.clips.length-1;if(H!=="ArrowDown"&&H!=="ArrowUp")return-1;let t=V.getBoundingClientRect(),M=[...this.renderRoot.querySelectorAll("button[data-clip]")],i=H==="ArrowDown",o=-1,l=1/0;return M.forEach((d,p)=>{let c=d.getBoundingClientRect(),S=i?c.top-t.top:t.top-c.top,y=S*10+Math.abs(c.left-t.left);S>4&&y<l&&(l=y,o=p)}),o}};B.styles=[f,Z`
      :host {
        display: block;
      }
      .bar {
        position: sticky;
        top: var(--header-height, 0px);
        z-index: 3;
        display: flex;
        align-items: center;
        min-height: 44px;
        margin-bottom: 8px;
        background: var(--cd-ground);
        /* What scrolls below it must not show beside it. */
        box-shadow: 0 0 0 4px var(--cd-ground);
      }
      .bar h2 {
        flex: 1;
        min-width: 0;
      }
      .selecting {
        border-radius: var(--cd-radius);
        background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
      }
      .count,
      .faint {
        color: var(--cd-faint);
        font-weight: 400;
      }
      .count {
        font-size: 14px;
      }
      h3 {
        margin: 20px 0 0;
        font-size: 14px;
        font-weight: 500;
        color: var(--cd-faint);
      }
      .days {
        transition: opacity 0.15s;
      }
      .days[aria-busy="true"] {
        opacity: 0.6;
        transition-delay: 0.3s;
      }
      ul {
        list-style: none;
        margin: 12px 0 0;
        padding: 0;
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(200px, 45%), 1fr));
        grid-auto-flow: dense;
        gap: 12px;
      }
      li {
        position: relative;
        min-width: 0;
      }
      .wide {
        grid-column: 1 / -1;
      }
      .alone {
        margin-top: 12px;
      }
      .card {
        display: block;
        width: 100%;
        padding: 0;
        border-radius: var(--cd-radius);
        text-align: start;
        font-weight: 400;
        content-visibility: auto;
        contain-intrinsic-size: auto 160px;
        user-select: none;
        -webkit-user-select: none;
        -webkit-touch-callout: none;
      }
      .card.open {
        background: var(--cd-soft);
      }
      .card.selected {
        background: color-mix(in srgb, var(--cd-primary) 22%, var(--cd-ground));
      }
      .selected .picture {
        transform: scale(0.92);
      }
      .picture {
        position: relative;
        display: grid;
        place-items: center;
        aspect-ratio: 16 / 9;
        border-radius: var(--cd-radius);
        overflow: hidden;
        background: var(--cd-soft);
        color: var(--cd-faint);
        transition: transform 0.12s;
      }
      .picture img {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .check {
        position: absolute;
        top: 0;
        inset-inline-start: 0;
        visibility: hidden;
        color: #fff;
      }
      .check:hover {
        background: none;
      }
      .check svg {
        filter: drop-shadow(0 0 2px rgba(0, 0, 0, 0.9));
      }
      .check[aria-checked="true"] svg {
        background: radial-gradient(#fff 45%, transparent 50%);
        color: var(--cd-strong);
        filter: none;
      }
      .check.shown,
      .check:focus-visible,
      li:focus-within .check {
        visibility: visible;
      }
      @media (hover: hover) {
        li:hover .check {
          visibility: visible;
        }
      }
      .badge {
        position: absolute;
        padding: 0 6px;
        border-radius: 4px;
        background: rgba(0, 0, 0, 0.72);
        color: #fff;
        font-size: 12px;
        line-height: 20px;
        font-variant-numeric: tabular-nums;
      }
      .badge.length {
        bottom: 6px;
        inset-inline-end: 6px;
      }
      .marks {
        position: absolute;
        top: 6px;
        inset-inline-end: 6px;
        display: flex;
        gap: 4px;
      }
      .mark {
        position: static;
        padding: 3px;
        display: flex;
      }
      .badge.partial {
        bottom: 6px;
        inset-inline-start: 6px;
      }
      .text {
        display: grid;
        padding: 6px 4px 8px;
        min-height: 54px;
      }
      .text span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      b {
        font-weight: 500;
        font-variant-numeric: tabular-nums;
      }
      .bones {
        aspect-ratio: 16 / 9;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
        margin-bottom: 54px;
      }
      .empty {
        display: grid;
        justify-items: center;
        gap: 8px;
        padding: 32px 16px;
        color: var(--cd-faint);
        text-align: center;
      }
      .empty p {
        margin: 0;
      }
      .more {
        display: flex;
        margin: 16px auto 0;
      }
      .number {
        display: none;
      }
      @container (max-width: 600px) {
        .number {
          display: inline;
        }
        .words {
          position: absolute;
          clip-path: inset(50%);
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .picture {
          transition: none;
        }
      }
    `],a([A({attribute:!1})],B.prototype,"clips",2),a([A({attribute:!1})],B.prototype,"cameras",2),a([A({attribute:!1})],B.prototype,"shown",2),a([A({attribute:!1})],B.prototype,"filter",2),a([A({attribute:!1})],B.prototype,"filters",2),a([A({attribute:!1})],B.prototype,"opened",2),a([A({attribute:!1})],B.prototype,"bringing",2),a([A({attribute:!1})],B.prototype,"format",2),a([A({attribute:!1})],B.prototype,"localize",2),a([A({type:Boolean})],B.prototype,"loading",2),a([A({type:Boolean,attribute:"has-more"})],B.prototype,"hasMore",2),a([A({type:Boolean})],B.prototype,"offline",2),a([u()],B.prototype,"_selected",2),a([u()],B.prototype,"_isSelecting",2),a([O("clip-download-player")],B.prototype,"_player",2);var m1=class extends x{constructor(){super(...arguments);this.heading="";this._back=()=>{this.dispatchEvent(new CustomEvent("closed"))}}firstUpdated(){this._dialog.showModal(),T1(this._back)}disconnectedCallback(){super.disconnectedCallback(),$1(this._back)}close(){R1(this._back),this._back()}_cancelled(C){C.preventDefault(),this.close()}_pressed(C){C.target===this._dialog&&this.close()}render(){let C=this.localize("close");return n`<dialog
      aria-labelledby="heading"
      @cancel=${this._cancelled}
      @mousedown=${this._pressed}
      @keydown=${H=>H.stopPropagation()}
    >
      <header>
        <h2 id="heading">${this.heading}</h2>
        <button class="icon" aria-label=${C} title=${C} @click=${()=>this.close()}>${v(_)}</button>
      </header>
      <div class="content"><slot></slot></div>
    </dialog>`}};m1.styles=[f,Z`
      dialog {
        width: min(520px, 100vw - 32px);
        max-height: min(720px, 100dvh - 32px);
        padding: 0;
        border: 0;
        border-radius: var(--ha-card-border-radius, 12px);
        background: var(--cd-ground);
        color: var(--cd-text);
        box-shadow: 0 12px 40px rgba(0, 0, 0, 0.4);
        overflow: auto;
        overscroll-behavior: contain;
      }
      dialog::backdrop {
        background: rgba(0, 0, 0, 0.5);
      }
      header {
        position: sticky;
        top: 0;
        z-index: 1;
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
        padding-block: 8px;
        padding-inline: 20px 8px;
        background: var(--cd-ground);
      }
      h2 {
        font-size: 18px;
        overflow-wrap: anywhere;
      }
      .content {
        padding: 0 20px 20px;
      }
    `],a([A()],m1.prototype,"heading",2),a([A({attribute:!1})],m1.prototype,"localize",2),a([O("dialog")],m1.prototype,"_dialog",2);var b7=300,C1=class extends x{constructor(){super(...arguments);this.filter=i1;this.filters={labels:[],kinds:[],seen:[]};this.cameras=[];this._timer=0}disconnectedCallback(){super.disconnectedCallback(),window.clearTimeout(this._timer)}_set(C){this.dispatchEvent(new CustomEvent("filter-changed",{detail:{...this.filter,...C}}))}render(){let{localize:C,filter:H,filters:V}=this,e=Object.keys(i1).some(M=>H[M]!==i1[M]),t=C("filter.clear");return n`<div class="search" role="search">
        ${v(u5)}
        <input
          type="search"
          enterkeyhint="search"
          placeholder=${C("filter.search")}
          aria-label=${C("filter.search")}
          .value=${H.query}
          @input=${this._typed}
          @keydown=${this._key}
        />
        ${e?n`<button class="icon" aria-label=${t} title=${t} @click=${this._clear}>${v(_)}</button>`:s}
      </div>
      <div class="chips" role="group" aria-label=${C("filter.title")}>
        ${this._toggle("filter.all_days",H.allDays,()=>this._set({allDays:!H.allDays}))}
        ${this.cameras.length>1?this._select("camera","filter.any_camera",this.cameras.map(M=>[M.entity_id,M.name])):s}
        ${this._select("label","filter.any_label",V.labels.map(M=>[M,d1(C,M)]))}
        ${this._select("kind","filter.any_event",V.kinds.map(M=>[M,r1(C,M)]))}
        ${this._select("seen","filter.any_seen",V.seen.map(M=>[M,r1(C,M)]))}
        ${this._toggle("clips.kept",H.kept,()=>this._set({kept:!H.kept}))}
        ${this._toggle("clips.partial",H.partial,()=>this._set({partial:!H.partial}))}
      </div>`}_toggle(C,H,V){return n`<button class="chip ${H?"on":""}" aria-pressed=${H} @click=${V}>${this.localize(C)}</button>`}_select(C,H,V){let t=C==="camera"&&!this.cameras.some(i=>i.entity_id===this.filter.camera)?"":this.filter[C],M=!t||V.some(([i])=>i===t)?V:[...V,[t,t]];return n`<span class="chip ${t?"on":""}">
      <select
        aria-label=${this.localize(H)}
        ?disabled=${!M.length}
        @change=${i=>this._set({[C]:i.target.value})}
      >
        <option value="" ?selected=${!t}>${this.localize(H)}</option>
        ${M.map(([i,o])=>n`<option value=${i} ?selected=${i===t}>${o}</option>`)}
      </select>
      ${v(S5,"small")}
    </span>`}_typed(){window.clearTimeout(this._timer),this._timer=window.setTimeout(()=>this._search(),b7)}_search(){window.clearTimeout(this._timer);let C=this._input.value.trim();C!==this.filter.query&&this._set({query:C,...C&&!this.filter.query&&{allDays:!0}})}_key(C){C.key==="Enter"&&this._search(),!(C.key!=="Escape"||!this._input.value)&&(this._input.value="",this._search(),C.stopPropagation())}_clear(){window.clearTimeout(this._timer),this._input.value="",this._set(i1),this._input.focus()}};C1.styles=[f,P2,Z`
      :host {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .search {
        position: relative;
        flex: 1 1 220px;
        max-width: 420px;
      }
      .search > svg {
        position: absolute;
        top: 10px;
        inset-inline-start: 12px;
        color: var(--cd-faint);
        pointer-events: none;
      }
      .search button {
        position: absolute;
        top: 0;
        inset-inline-end: 0;
      }
      input {
        width: 100%;
        padding-inline: 44px;
        border-radius: 22px;
        appearance: none;
      }
      input::-webkit-search-cancel-button {
        display: none;
      }
      .chip {
        position: relative;
        flex: none;
        display: inline-flex;
        align-items: center;
        border-radius: 22px;
        font-weight: 400;
      }
      .chip svg {
        position: absolute;
        inset-inline-end: 10px;
        pointer-events: none;
      }
      select {
        appearance: none;
        font: inherit;
        color: inherit;
        margin: 0;
        min-height: 44px;
        max-width: 160px;
        field-sizing: content;
        padding-block: 0;
        padding-inline: 14px 32px;
        border: 0;
        border-radius: 22px;
        background: transparent;
        text-overflow: ellipsis;
        cursor: pointer;
      }
      .chip:has(:disabled) {
        color: var(--disabled-text-color, #8c8c8c);
      }
      select:disabled {
        opacity: 1;
        color: inherit;
        cursor: default;
      }
      option {
        background: var(--cd-ground);
        color: var(--cd-text);
      }
      @container (max-width: 600px) {
        .search {
          flex-basis: 100%;
          max-width: none;
        }
      }
    `],a([A({attribute:!1})],C1.prototype,"filter",2),a([A({attribute:!1})],C1.prototype,"filters",2),a([A({attribute:!1})],C1.prototype,"cameras",2),a([A({attribute:!1})],C1.prototype,"localize",2),a([O("input")],C1.prototype,"_input",2);var O7=150,y7=400,B2=class{constructor(L,C,H){this._ask=L;this._askClip=C;this._changed=H;this._answers=new Map;this._wishes=new Map;this._urls=new Map;this._timer=0;this._isAsking=!1}near(L,C,H){let V=null,e=H;for(let{shot:t}of this._answers.get(L)??[])!t||Math.abs(t.at-C)>e||(e=Math.abs(t.at-C),V=t);return V}at(L,C,H){return this._answers.get(L)?.find(V=>Math.abs(V.asked-C)<=H)?.shot}want(L,C,H,V){if(this.at(C,H,V)!==void 0){this._wishes.delete(L);return}let e=this._wishes.get(L);e?.entityId===C&&e.time===H||(this._wishes.set(L,{entityId:C,time:H}),window.clearTimeout(this._timer),this._timer=window.setTimeout(()=>{this._next()},O7))}forget(L){this._wishes.delete(L)}stop(){window.clearTimeout(this._timer),this._wishes.clear()}clipUrl(L){return this._urls.get(L)??null}wantClip(L){this._urls.has(L)||(this._urls.set(L,null),this._askClip(L).then(C=>{this._urls.set(L,C),this._changed()},()=>{}))}async _next(){let[L]=this._wishes;if(this._isAsking||!L)return;let[C,{entityId:H,time:V}]=L;this._wishes.delete(C),this._isAsking=!0;let e=null;try{let{picture:t,at:M}=await this._ask(H,V);t!==null&&(e={picture:t,at:M===null?V:m(M)})}catch{}this._isAsking=!1,this._answers.set(H,[...this._answers.get(H)??[],{asked:V,shot:e}].slice(-y7)),this._changed(),this._next()}},T2=(r,L,C)=>{let H=null,V=C;for(let e of r.events){let{picture:t}=e.event;if(!t)continue;let M=Math.max(e.start-L,L-e.end,0);M>V||(V=M,H={picture:t,at:e.start,mark:e})}return H};var k7=[1,5,15],T=class extends x{constructor(){super(...arguments);this.rows=[];this.selection=null;this.now=0;this.vertical=!1;this.loading=!1;this.hidePresets=!1;this.busy=!1;this.offline=!1;this._version=0;this._pictures=new B2((C,H)=>U3(this.hass,C,H),async C=>(await O2(this.hass,C)).url??null,()=>this._version+=1);this._chosen=null}focusTrack(){this._timeline.focusTrack()}disconnectedCallback(){super.disconnectedCallback(),this._pictures.stop()}updated(C){let H=this._chosen;!H||!C.has("selection")||this.selection!==H||(this._chosen=null,this._timeline.updateComplete.then(()=>{this._timeline.reveal(H),this.renderRoot.querySelector("clip-download-save")?.scrollIntoView({block:"nearest",behavior:"smooth"})}))}get _limits(){let{start:C,end:H}=this.bounds;return{start:C,end:Math.max(Math.min(H,this.now+6e4),C+1e3)}}render(){let{localize:C,rows:H}=this;return n`
      <clip-download-timeline
        .rows=${H}
        .bounds=${this.bounds}
        .selection=${this.selection}
        .format=${this.format}
        .localize=${C}
        .now=${this.now}
        .vertical=${this.vertical}
        .loading=${this.loading}
        .theme=${this.theme}
        .pictures=${this._pictures}
        .version=${this._version}
        .offline=${this.offline}
        @selection-changed=${this._pass}
        @clip-opened=${this._pass}
        @window-chosen=${V=>this.choose(V.detail)}
        @cancel=${this._pass}
        @retry=${this._pass}
        @sign-in=${this._pass}
        >${this.hidePresets?s:this._presets()}</clip-download-timeline
      >
      ${this._legend()}
      ${this.selection?n`<clip-download-save
            .rows=${H}
            .limits=${this._limits}
            .selection=${this.selection}
            .format=${this.format}
            .localize=${C}
            .now=${this.now}
            .pictures=${this._pictures}
            .version=${this._version}
            .busy=${this.busy}
            .offline=${this.offline}
            @selection-changed=${this._pass}
            @clip-opened=${this._pass}
            @window-chosen=${V=>this.choose(V.detail)}
            @save=${this._save}
          ></clip-download-save>`:n`<p class="hint">${C(this.vertical?"timeline.hint_touch":"timeline.hint_drag")}</p>`}
    `}_presets(){let C=this.localize;return n`<div class="presets" slot="presets" role="group" aria-label=${C("preset.title")}>
      ${k7.map(H=>n`<button class="outlined" @click=${()=>this._lastMinutes(H)}>
            ${C.plural("preset.last_minutes",H)}
          </button>`)}
      <button class="outlined" @click=${()=>this._lastEvent()}>${C("preset.last_event")}</button>
    </div>`}_legend(){let C=this.localize,{rows:H,bounds:V}=this,e={gone:H.some(M=>(M.retentionStart??0)>V.start),refused:H.some(M=>M.refused.length),only_motion:H.some(M=>!M.footage&&(M.onlyMotionBefore??0)>V.start)},t=["footage","none","only_motion","gone","refused","not_yet","clip","job"].filter(M=>!(M in e)||e[M]).map(M=>n`<span><i class=${M}></i>${C(`legend.${M}`)}</span>`);return n`<div class="legend">${t}</div>`}_pass(C){this._send(C.type,C.detail)}_save(C){this._timeline.follow(C.detail),this._pass(C)}_send(C,H){this.dispatchEvent(new CustomEvent(C,{detail:H}))}choose(C){this._chosen=C,this._send("selection-changed",C)}_lastMinutes(C){let H=Math.floor(Date.now()/1e3)*1e3,V=this.rows.filter(M=>M.anyWindow),e=this.selection?.entityIds??(V.length?V:this.rows).map(M=>M.entityId),t=Math.max(H-C*6e4,I(H,this.format.zone).start);this.choose({start:t,end:Math.max(H,t+1e3),entityIds:e})}_lastEvent(){let C=k2(this.rows,1/0,!1);C?this.choose({...M1(C.mark),entityIds:[C.row.entityId]}):this._send("notice",this.localize("preset.no_event"))}};T.styles=[f,Z`
      :host {
        display: block;
      }
      .presets {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        margin-top: 12px;
        font-size: 12px;
        line-height: 16px;
        color: var(--cd-faint);
      }
      .legend span {
        display: inline-flex;
        align-items: center;
        gap: 6px;
      }
      .legend i {
        width: 18px;
        height: 10px;
        border-radius: 2px;
      }
      .legend .footage {
        background: color-mix(in srgb, var(--cd-text) 38%, var(--cd-ground));
      }
      .legend .none {
        background: repeating-linear-gradient(-45deg, var(--cd-line) 0 1.5px, transparent 1.5px 4px);
      }
      .legend .only_motion {
        border-block: 4px solid transparent;
        background:
          linear-gradient(var(--cd-line), var(--cd-line)) content-box,
          repeating-linear-gradient(-45deg, var(--cd-line) 0 1.5px, transparent 1.5px 4px) border-box;
      }
      .legend .gone {
        background: color-mix(in srgb, var(--cd-text) 12%, var(--cd-ground));
      }
      .legend .not_yet {
        --now: color-mix(in srgb, var(--error-color, #db4437) 80%, var(--cd-text));
        background: repeating-linear-gradient(-45deg, var(--now) 0 1.5px, transparent 1.5px 4px);
        opacity: 0.7;
      }
      .legend .refused {
        background: var(--cd-error);
      }
      .legend .clip {
        background: var(--cd-strong);
      }
      .legend .job {
        --job: color-mix(in srgb, var(--warning-color, #ffa600) 80%, var(--cd-text));
        border: 1.5px solid var(--job);
        background: repeating-linear-gradient(-45deg, var(--job) 0 2px, transparent 2px 5px);
      }
      .hint {
        display: flex;
        align-items: center;
        min-height: 44px;
        margin: 16px 0 0;
        color: var(--cd-faint);
      }
      @container (max-width: 600px) {
        .presets {
          display: grid;
          grid-template-columns: 1fr 1fr;
          width: 100%;
        }
      }
    `],a([A({attribute:!1})],T.prototype,"hass",2),a([A({attribute:!1})],T.prototype,"rows",2),a([A({attribute:!1})],T.prototype,"bounds",2),a([A({attribute:!1})],T.prototype,"selection",2),a([A({attribute:!1})],T.prototype,"format",2),a([A({attribute:!1})],T.prototype,"localize",2),a([A({type:Number})],T.prototype,"now",2),a([A({type:Boolean})],T.prototype,"vertical",2),a([A({type:Boolean})],T.prototype,"loading",2),a([A({type:Boolean,attribute:"hide-presets"})],T.prototype,"hidePresets",2),a([A({type:Boolean})],T.prototype,"busy",2),a([A({type:Boolean})],T.prototype,"offline",2),a([A({attribute:!1})],T.prototype,"theme",2),a([O("clip-download-timeline")],T.prototype,"_timeline",2),a([u()],T.prototype,"_version",2);var j=class extends x{constructor(){super(...arguments);this.cameras=[];this.shown=[];this.now=0;this.fixed=!1}render(){let{localize:C,cameras:H}=this;return n`
      ${H.length>1||!this.fixed?n`<div class="chips" role="group" aria-label=${C("cameras")}>
            ${H.map(V=>this._chip(V,this.shown.includes(V.entity_id)))}
          </div>`:s}
      ${this._dayPicker()}
    `}_chip(C,H){let V=this.localize(`camera.${C.status}`);return n`<button
      class="chip ${H?"on":""}"
      aria-pressed=${H}
      title="${C.name}: ${C.reason??V}"
      @click=${()=>this.dispatchEvent(new CustomEvent("camera-toggled",{detail:C.entity_id}))}
    >
      <span class="face">
        ${v(Y1,"small")}
        ${C.picture?n`<img src=${C.picture} alt="" @error=${e=>e.target.remove()} />`:s}
      </span>
      <span class="name" dir="auto">${C.name}</span>
      <span class="dot ${C.status}"></span>
      ${C.status==="ok"?s:n`<span class="hidden-text">${V}</span>`}
    </button>`}_dayPicker(){let{localize:C,format:H,day:V}=this,e=I(this.now,H.zone),t=V.id>=e.id,M=`${C("day.pick")}: ${H.date(V.start)}`;return n`<div class="day" role="group" aria-label=${C("day.label")}>
      <button
        class="icon turn"
        aria-label=${C("day.previous")}
        title=${C("day.previous")}
        @click=${()=>this._moveDay(-1)}
      >
        ${v(n5)}
      </button>
      <span class="date">
        <button aria-label=${M} @click=${this._pickDay}>${H.date(V.start)}</button>
        <input
          type="date"
          tabindex="-1"
          aria-hidden="true"
          .value=${V.id}
          max=${e.id}
          @change=${this._dayPicked}
        />
      </span>
      <button
        class="icon turn"
        aria-label=${C("day.next")}
        title=${C("day.next")}
        ?disabled=${t}
        @click=${()=>this._moveDay(1)}
      >
        ${v(A5)}
      </button>
      <button class="outlined today" ?disabled=${t} @click=${()=>this._show(e)}>
        ${v(t5,"small")} ${C("day.today")}
      </button>
    </div>`}_show(C){this.dispatchEvent(new CustomEvent("day-changed",{detail:C}))}_moveDay(C){this._show(I(this.day.start,this.format.zone,C))}_pickDay(){try{this._dateInput?.showPicker()}catch{}}_dayPicked(C){let{value:H}=C.target;/^\d{4}-\d\d-\d\d$/.test(H)&&this._show(f2(H,this.format.zone))}};j.styles=[f,P2,Z`
      :host {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 8px 16px;
      }
      .chip {
        padding: 0 12px 0 6px;
        padding-inline: 6px 12px;
        max-width: 220px;
        background: var(--cd-ground);
        color: var(--cd-faint);
      }
      .chip.on {
        background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
        color: var(--cd-text);
      }
      .face {
        position: relative;
        display: grid;
        place-items: center;
        flex: none;
        width: 32px;
        height: 32px;
        border-radius: 16px;
        overflow: hidden;
        background: var(--cd-soft);
      }
      .face img {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .chip .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .dot {
        flex: none;
        width: 8px;
        height: 8px;
        border-radius: 4px;
        background: var(--success-color, #43a047);
      }
      .dot.signed_out {
        background: var(--warning-color, #ffa600);
      }
      .dot.unavailable {
        background: var(--error-color, #db4437);
      }
      .day {
        display: flex;
        align-items: center;
        margin-inline-start: auto;
      }
      .date {
        position: relative;
      }
      .date button {
        width: 100%;
        min-width: 148px;
        padding: 0 8px;
        white-space: nowrap;
      }
      .date input {
        position: absolute;
        inset: auto 0 0;
        width: 100%;
        min-height: 0;
        height: 1px;
        padding: 0;
        border: 0;
        opacity: 0;
        pointer-events: none;
      }
      .today {
        margin-inline-start: 8px;
      }
      :host(:dir(rtl)) .turn svg {
        transform: scaleX(-1);
      }
      @container (max-width: 600px) {
        .day {
          margin: 0;
          width: 100%;
          justify-content: space-between;
        }
        .date {
          flex: 1;
          min-width: 0;
        }
        .chip {
          flex: none;
          max-width: 180px;
        }
      }
    `],a([A({attribute:!1})],j.prototype,"cameras",2),a([A({attribute:!1})],j.prototype,"shown",2),a([A({attribute:!1})],j.prototype,"day",2),a([A({attribute:!1})],j.prototype,"format",2),a([A({attribute:!1})],j.prototype,"localize",2),a([A({type:Number})],j.prototype,"now",2),a([A({type:Boolean})],j.prototype,"fixed",2),a([O("input[type=date]")],j.prototype,"_dateInput",2);var o1=(r,L)=>n`<div
    class="bar ${r===null?"unknown":""}"
    role="progressbar"
    aria-label=${L}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${r===null?s:Math.round(r*100)}
  >
    <div style="transform: scaleX(${r??.3})"></div>
  </div>`,v1=Z`
  .bar {
    height: 4px;
    border-radius: 2px;
    overflow: hidden;
    background: var(--cd-soft);
  }
  .bar div {
    height: 100%;
    background: var(--cd-strong);
    transform-origin: left;
    transition: transform 0.3s linear;
  }
  :host(:dir(rtl)) .bar div {
    transform-origin: right;
    --way: -1;
  }
  .bar.unknown div {
    animation: slide 1.6s ease-in-out infinite alternate;
  }
  @keyframes slide {
    to {
      transform: translateX(calc(70% * var(--way, 1))) scaleX(0.3);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .bar.unknown div {
      animation: none;
    }
  }
`;var R2=(r,L,C,H,V)=>{switch(r.state){case"fetching":return _7(r,L,C,V);case"queued":case"waiting":{let e=r.reason??L(r.state==="queued"?"jobs.queued":"jobs.waiting");if(r.next_try_at===null)return e;let t=m(r.next_try_at)-H;return t>0?L("jobs.next_try",{reason:e,left:C.length(t)}):e}case"failed":return r.error?.message??L("jobs.failed");default:return L(`jobs.${r.state}`)}},_7=(r,L,C,H)=>{let V=C.bytes(r.received_bytes),e=r.parts??1;return[r.size_bytes?L("jobs.bytes_of",{received:V,size:C.bytes(r.size_bytes),share:C.percent(Math.min(r.received_bytes/r.size_bytes,1))}):L("jobs.bytes",{received:V}),e>1?L("jobs.parts_of",{done:C.count(r.parts_done),parts:C.count(e)}):"",H===null?"":L("jobs.left",{left:C.length(H)})].filter(Boolean).join(" · ")};var w7=20*1e3,P7=2*1e3,$2=class{constructor(){this._samples=new Map}watch(L,C){let H=L.filter(e=>e.state==="fetching"),V=new Set(H.map(e=>e.id));for(let e of this._samples.keys())V.has(e)||this._samples.delete(e);for(let{id:e,received_bytes:t}of H){let M=this._samples.get(e)??[],i=M.at(-1);for(i&&t<i.bytes&&(M.length=0),i?.bytes!==t&&M.push({bytes:t,at:C});M[1]&&C-M[1].at>w7;)M.shift();this._samples.set(e,M)}}left(L){let C=this._samples.get(L.id),H=C?.[0],V=C?.at(-1);if(!H||!V||L.size_bytes===null||V.at-H.at<P7)return null;let e=(V.bytes-H.bytes)/(V.at-H.at);return Math.max(0,L.size_bytes-V.bytes)/e}};var B7={queued:Z2,waiting:Z2,fetching:J,finishing:J,saved:i5,failed:s1,cancelled:_},T7=3,x0=r=>r.state==="saved"||r.state==="cancelled",U=class extends x{constructor(){super(...arguments);this.jobs=[];this.backFills=[];this.cameras=[];this.now=0;this.offline=!1;this._isLong=!1;this._spoken="";this._pace=new $2}willUpdate(C){C.has("jobs")&&this._pace.watch(this.jobs,Date.now());let H=C.get("jobs");if(!H)return;let V=this.jobs.filter(e=>H.some(t=>t.id===e.id&&t.state!==e.state));V.length&&(this._spoken=V.map(e=>`${this._name(e)}: ${this._how(e)}`).join(". "))}_name(C){return this.cameras.find(H=>H.entity_id===C.entity_id)?.name??C.camera}_send(C,H){this.dispatchEvent(new CustomEvent(C,{detail:H}))}render(){let C=n`<p class="hidden-text" role="status">${this._spoken}</p>`;return!this.jobs.length&&!this.backFills.length?C:n`${C}
      <h2>${this.localize("jobs.title")}</h2>
      <ul>
        ${this.backFills.map(H=>this._backFill(H))}
        ${J1(this._shown,H=>H.id,H=>this._job(H))}
      </ul>
      ${this._more()}`}get _shown(){if(this._isLong)return this.jobs;let C=T7;return this.jobs.filter(H=>!x0(H)||C-- >0)}_more(){let{localize:C,jobs:H}=this,V=H.length-this._shown.length;return!V&&!this._isLong?s:n`<div class="more">
      <button aria-expanded=${this._isLong} @click=${()=>this._isLong=!this._isLong}>
        ${this._isLong?C("jobs.fewer"):C.plural("jobs.more",V)}
      </button>
      <button @click=${this._dismissAll}>${C("jobs.dismiss_all")}</button>
    </div>`}_dismissAll(){this._isLong=!1;for(let C of this.jobs.filter(x0))this._send("dismiss",C)}_job(C){let{localize:H,format:V}=this,e=this._name(C),t=m(C.start),M=V.length(m(C.end)-t),i=`${e}, ${V.seconds(t)}`;return n`<li class=${C.state}>
      ${v(B7[C.state])}
      <div class="what">
        <b dir="auto">${e}</b>
        <span class="when">${V.seconds(t)} · ${M}${C.label?n` · <bdi>${d1(H,C.label)}</bdi>`:s}</span>
        <span class="how">${this._how(C)}</span>
        ${_1(C)?s:o1(t2(C),H("jobs.progress",{what:i}))}
      </div>
      ${C.state==="saved"&&C.clip_ids.length?this._button("play","jobs.play",y1,C,i):s}
      ${C.state==="failed"||C.state==="cancelled"?this._button("retry","jobs.retry",f5,C,i):s}
      ${_1(C)?this._button("dismiss","jobs.dismiss",_,C,i):this._button("cancel","jobs.cancel",_,C,i)}
    </li>`}_backFill(C){let{localize:H,format:V}=this,e=H("jobs.back_fill"),t=C.total?[H("jobs.back_fill_done",{done:V.count(C.done),total:V.count(C.total)}),C.left_s===null?"":H("jobs.left",{left:V.rough(C.left_s*1e3)}),C.reason??""]:[C.reason??H("jobs.back_fill_list")],M=`${H("jobs.cancel")}: ${e}, ${C.account}`;return n`<li class="fetching">
      ${v(l5)}
      <div class="what">
        <b>${e}</b>
        <span class="when"><bdi>${C.account}</bdi></span>
        <span class="how">${t.filter(Boolean).join(" · ")}</span>
        ${o1(C.total?C.done/C.total:null,H("jobs.progress",{what:C.account}))}
      </div>
      <button
        class="icon"
        aria-label=${M}
        title=${H("jobs.cancel")}
        ?disabled=${this.offline}
        @click=${()=>this.dispatchEvent(new CustomEvent("cancel-back-fill",{detail:C}))}
      >
        ${v(_)}
      </button>
    </li>`}_button(C,H,V,e,t){let M=`${this.localize(H)}: ${t}`,i=C==="cancel"||C==="retry";return n`<button
      class="icon"
      aria-label=${M}
      title=${this.localize(H)}
      ?disabled=${i&&this.offline}
      @click=${()=>this._send(C,e)}
    >
      ${v(V)}
    </button>`}_how(C){return R2(C,this.localize,this.format,this.now,this._pace.left(C))}};U.styles=[f,v1,Z`
      :host {
        display: block;
      }
      ul {
        list-style: none;
        margin: 4px 0 0;
        padding: 0;
      }
      li {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 8px 0;
        min-height: 68px;
      }
      li + li {
        border-top: 1px solid var(--cd-line);
      }
      .what {
        flex: 1;
        min-width: 0;
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0 8px;
      }
      b {
        font-weight: 500;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .when {
        color: var(--cd-faint);
        font-variant-numeric: tabular-nums;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .how,
      .bar {
        grid-column: 1 / -1;
      }
      .how {
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      .more {
        display: flex;
        flex-wrap: wrap;
        border-top: 1px solid var(--cd-line);
        padding-top: 4px;
      }
      .more button {
        color: var(--cd-link);
      }
      .failed > svg,
      .failed .how {
        color: var(--cd-error);
      }
      .saved > svg {
        color: color-mix(in srgb, var(--success-color, #43a047) 75%, var(--cd-text));
      }
      .bar {
        margin-top: 6px;
      }
    `],a([A({attribute:!1})],U.prototype,"jobs",2),a([A({attribute:!1})],U.prototype,"backFills",2),a([A({attribute:!1})],U.prototype,"cameras",2),a([A({attribute:!1})],U.prototype,"format",2),a([A({attribute:!1})],U.prototype,"localize",2),a([A({type:Number})],U.prototype,"now",2),a([A({type:Boolean})],U.prototype,"offline",2),a([u()],U.prototype,"_isLong",2);var K=class extends x{constructor(){super(...arguments);this.clips=[];this.labels=[];this.offline=!1}render(){let{localize:C,clips:H}=this,V=H.every(e=>e.label===H[0]?.label)?H[0]?.label??"":"";return n`<clip-download-dialog
      heading=${C("clips.label")}
      .localize=${C}
      @closed=${()=>this.dispatchEvent(new CustomEvent("closed"))}
    >
      <form @submit=${this._submit}>
        <p>${C.plural("label.of",H.length)}</p>
        <input type="text" maxlength="100" autofocus aria-label=${C("save.label")} .value=${V} />
        <div class="offers" role="group" aria-label=${C("label.offers")}>
          ${this.labels.slice(0,8).map(e=>n`<button type="button" class="outlined" @click=${()=>this._input.value=e}>
                <bdi>${d1(C,e)}</bdi>
              </button>`)}
        </div>
        <div class="buttons">
          <button class="primary" ?disabled=${this.offline}>${C("label.save")}</button>
        </div>
      </form>
    </clip-download-dialog>`}_submit(C){C.preventDefault(),this.dispatchEvent(new CustomEvent("label",{detail:this._input.value.trim()})),this._dialog.close()}};K.styles=[f,Z`
      p {
        margin: 0 0 12px;
        color: var(--cd-faint);
      }
      input {
        width: 100%;
      }
      .offers {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 12px;
      }
      .offers button {
        max-width: 100%;
        overflow: hidden;
        font-weight: 400;
      }
      .buttons {
        display: flex;
        justify-content: end;
        margin-top: 16px;
      }
    `],a([A({attribute:!1})],K.prototype,"clips",2),a([A({attribute:!1})],K.prototype,"labels",2),a([A({attribute:!1})],K.prototype,"localize",2),a([A({type:Boolean})],K.prototype,"offline",2),a([O("clip-download-dialog")],K.prototype,"_dialog",2),a([O("input")],K.prototype,"_input",2);var H1=class extends x{constructor(){super(...arguments);this.doomed=0;this.notice="";this.packing=null;this._downloaded=null}updated(){let C=this.packing?.url??null;C!==this._downloaded&&(this._downloaded=C,C!==null&&this.renderRoot.querySelector("a[download]")?.click())}render(){let{localize:C,notice:H,doomed:V}=this;return n`<div class="notices">
      ${this.packing?this._packing(this.packing):s}
      <div role="status">
        ${V?n`<p class="notice">
              <span>${C.plural("clips.deleted",V)}</span>
              <button @click=${()=>this.dispatchEvent(new CustomEvent("undo"))}>${C("undo")}</button>
              <span class="time"></span>
            </p>`:s}
      </div>
      <div role="alert">
        ${H?n`<p class="notice">
              <span>${H}</span>
              <button class="icon" aria-label=${C("close")} @click=${()=>this.dispatchEvent(new CustomEvent("closed"))}>
                ${v(_)}
              </button>
            </p>`:s}
      </div>
    </div>`}_packing(C){let{localize:H,format:V}=this,{done:e,size:t,url:M,count:i}=C,o=t?Math.min(e/t,1):null,l=H(M===null?"jobs.cancel":"close"),d=M===null?`${H.plural("export.packing",i)}${t?` ${H("export.of",{done:V.bytes(e),size:V.bytes(t)})}`:""}`:`${C.name}${t?`, ${V.bytes(t)}`:""}`;return n`<div class="notice">
      <span role=${M===null?s:"status"}><bdi>${d}</bdi></span>
      ${M===null?s:n`<a class="button" href=${M} download=${C.name}>${H("clips.download")}</a>`}
      <button class="icon" aria-label=${l} title=${l} @click=${()=>this.dispatchEvent(new CustomEvent("stop"))}>
        ${v(_)}
      </button>
      ${M===null?o1(o,H("export.progress")):s}
    </div>`}};H1.styles=[f,v1,Z`
      .notices {
        position: fixed;
        bottom: max(16px, env(safe-area-inset-bottom));
        inset-inline: 16px;
        z-index: 10;
        display: grid;
        gap: 8px;
        justify-items: center;
        pointer-events: none;
      }
      .notice {
        position: relative;
        display: flex;
        align-items: center;
        gap: 8px;
        margin: 0;
        min-width: min(340px, 90vw);
        max-width: 560px;
        min-height: 52px;
        padding: 4px 8px 4px 16px;
        padding-inline: 16px 8px;
        border-radius: var(--cd-radius);
        overflow: hidden;
        background: var(--cd-text);
        color: var(--cd-ground);
        box-shadow: 0 4px 16px rgba(0, 0, 0, 0.4);
        pointer-events: auto;
      }
      .notice span:first-child {
        flex: 1;
        overflow-wrap: anywhere;
      }
      .notice .button {
        color: inherit;
        font-weight: 700;
      }
      .notice button {
        color: inherit;
        font-weight: 700;
      }
      .notice button:hover {
        background: color-mix(in srgb, var(--cd-ground) 15%, transparent);
      }
      .notice button:focus-visible {
        outline-color: currentColor;
        outline-offset: -4px;
      }
      .bar,
      .time {
        position: absolute;
        inset: auto 0 0;
        height: 3px;
      }
      .bar div,
      .time {
        background: currentColor;
      }
      .time {
        transform-origin: left;
        animation: run-out 10s linear forwards;
      }
      :host(:dir(rtl)) .time {
        transform-origin: right;
      }
      @keyframes run-out {
        to {
          transform: scaleX(0);
        }
      }
    `],a([A({attribute:!1})],H1.prototype,"localize",2),a([A({type:Number})],H1.prototype,"doomed",2),a([A()],H1.prototype,"notice",2),a([A({attribute:!1})],H1.prototype,"packing",2),a([A({attribute:!1})],H1.prototype,"format",2);var a1=class extends x{constructor(){super(...arguments);this.narrow=!1}render(){return n`
      <header>
        <ha-menu-button .hass=${this.hass} .narrow=${this.narrow}></ha-menu-button>
        <h1>${this.panel?.title??N(this.hass.locale.language)("name")}</h1>
      </header>
      <main><clip-download-view linked .hass=${this.hass}></clip-download-view></main>
    `}};a1.styles=[f,Z`
      :host {
        display: block;
        min-height: 100vh;
        background: var(--primary-background-color, #fafafa);
      }
      header {
        position: sticky;
        top: 0;
        z-index: 4;
        display: flex;
        align-items: center;
        height: calc(var(--header-height, 56px) + env(safe-area-inset-top, 0px));
        padding: env(safe-area-inset-top, 0px) 12px 0;
        background: var(--app-header-background-color, var(--cd-strong));
        color: var(--app-header-text-color, #fff);
        border-bottom: var(--app-header-border-bottom, none);
      }
      h1 {
        margin: 0;
        padding-inline-start: 12px;
        font-size: 20px;
        font-weight: 400;
      }
      main {
        max-width: 1400px;
        margin: 0 auto;
        padding: 16px;
        padding-bottom: max(32px, env(safe-area-inset-bottom, 0px));
      }
      :host([narrow]) main {
        padding: 12px;
      }
    `],a([A({attribute:!1})],a1.prototype,"hass",2),a([A({type:Boolean,reflect:!0})],a1.prototype,"narrow",2),a([A({attribute:!1})],a1.prototype,"route",2),a([A({attribute:!1})],a1.prototype,"panel",2);var N5=(r,L)=>{let C=m(r.start)+L*1e3;for(let H of r.gaps)m(H.start)<=C&&(C+=m(H.end)-m(H.start));return Math.min(C,m(r.end))},F2=(r,L)=>{let C=0;for(let H of r.gaps)m(H.start)<L&&(C+=Math.min(L,m(H.end))-m(H.start));return Math.max(0,L-m(r.start)-C)/1e3};var u0=5,R7=[.5,1,2,4,8],E2={speed:1,muted:!0},$7=r=>r.path.split("/").at(-1)??"clip.mp4",P=class extends x{constructor(){super(...arguments);this.name="";this.what="";this.bringing=null;this.offline=!1;this.hasPrevious=!1;this.hasNext=!1;this._played=0;this._isPlaying=!1;this._isBroken=!1;this._speed=E2.speed;this._isMuted=E2.muted;this._wasBrought=!1}focus(){this._play?.focus({preventScroll:!0})}willUpdate(C){C.has("bringing")&&!this.bringing&&(this._isBroken=!1),!(!C.has("clip")||C.get("clip")?.id===this.clip.id)&&(this._played=0,this._isBroken=!1,this._wasBrought=!1)}_send(C){this.dispatchEvent(new CustomEvent(C,{detail:this.clip}))}render(){let{clip:C,format:H}=this,V=m(C.start),e=!!C.url&&!this._isBroken&&!this.bringing;return n`<div class="all" @keydown=${this._key}>
      <div class="stage" @click=${this._toggle}>
        ${e?n`<video
              src=${C.url??s}
              poster=${C.picture??s}
              .muted=${this._isMuted}
              autoplay
              playsinline
              preload="metadata"
              @loadedmetadata=${this._began}
              @timeupdate=${this._ticked}
              @play=${()=>this._isPlaying=!0}
              @pause=${()=>this._isPlaying=!1}
              @error=${this._broke}
            ></video>`:this.bringing||C.away?this._onItsWay(this.bringing):n`<p role="alert">${this.localize("clips.not_playable")}</p>`}
      </div>
      ${this._seekBar()} ${this._controls(e)}
      <div class="about">
        <p>
          <b><bdi>${this.name}</bdi></b>
          <span class="faint">${H.date(V)}, ${H.seconds(V)} – ${H.seconds(m(C.end))}</span>
          <span class="faint">
            ${this.what?n`<bdi>${this.what}</bdi> · `:s}${H.bytes(C.size_bytes)}
          </span>
          ${C.copies?.map(t=>n`<span class="faint copy">${this._copy(t)}</span>`)}
        </p>
        ${this._actions()}
      </div>
    </div>`}_copy({place:C,copied_at:H}){return H===null?this.localize("clips.copy_waits",{place:C}):this.localize("clips.copied_to",{place:C,date:this.format.date(m(H))})}_onItsWay(C){let{clip:H,localize:V,format:e}=this,t=n`<button class="outlined" ?disabled=${this.offline} @click=${()=>this._send("bring")}>
      ${V(C?"retry":"clips.play")}
    </button>`;if(!C)return n`<div class="coming"><p>${V("clips.away")}</p>${t}</div>`;if(C.failure)return n`<div class="coming"><p role="alert">${C.failure}</p>${t}</div>`;let{done:M,size:i}=C;return n`<div class="coming">
      <p role="status">${V("clips.fetching")}</p>
      ${o1(i?M/i:null,V("clips.fetching"))}
      <p>${V("clips.fetching_of",{done:e.bytes(M),size:e.bytes(i??H.size_bytes)})}</p>
    </div>`}_broke(){this._isBroken=!0,!(this._wasBrought||!this.clip.copies?.some(C=>C.copied_at))&&(this._wasBrought=!0,this._send("bring"))}_seekBar(){let{clip:C,format:H,localize:V}=this,e=m(C.start),t=Math.max(m(C.end)-e,1),M=N5(C,this._played),i=o=>`${(o/t*100).toFixed(2)}%`;return n`<div class="seek">
      <div class="line" aria-hidden="true">
        <div class="done" style="width: ${i(M-e)}"></div>
        ${C.gaps.map(o=>n`<i
              style="inset-inline-start: ${i(m(o.start)-e)}; width: ${i(m(o.end)-m(o.start))}"
            ></i>`)}
        <div class="knob" style="inset-inline-start: ${i(M-e)}"></div>
      </div>
      <input
        type="range"
        min="0"
        max=${t}
        step="1000"
        aria-label=${V("player.position")}
        aria-valuetext=${H.seconds(M)}
        .value=${String(M-e)}
        @input=${this._seek}
      />
    </div>`}_controls(C){let{clip:H,format:V,localize:e}=this,t=!C;return n`<div class="controls" role="group" aria-label=${e("player.controls")}>
      ${this._button("clips.older",L2,()=>this._send("previous"),!this.hasPrevious,"turn")}
      ${this._button(this._isPlaying?"player.pause":"clips.play",this._isPlaying?g5:y1,()=>this._toggle(),t,"play")}
      ${this._button("clips.newer",V2,()=>this._send("next"),!this.hasNext,"turn")}
      <span class="clock">
        <span><span class="hidden-text">${e("player.filmed")} </span>${V.seconds(N5(H,this._played))}</span>
        <span class="faint">
          ${V.length(this._played*1e3)} / ${V.length(H.duration_s*1e3)}
          ${H.gaps.length?n` · ${e.plural("clips.gaps",H.gaps.length)}`:s}
        </span>
      </span>
      <select aria-label=${e("player.speed")} title=${e("player.speed")} ?disabled=${t} @change=${this._setSpeed}>
        ${R7.map(M=>n`<option value=${M} ?selected=${M===this._speed}>${V.count(M)}×</option>`)}
      </select>
      ${this._button(this._isMuted?"player.unmute":"player.mute",this._isMuted?y5:O5,()=>this._mute(),t)}
      ${this._button("player.fullscreen",c5,()=>this._fullscreen(),t)}
    </div>`}_actions(){let{clip:C,localize:H,offline:V}=this,e=C.download??C.url,t=H("clips.download");return C.away?n`<div class="actions">${this._button("clips.close",_,()=>this._send("close"),!1)}</div>`:n`<div class="actions" role="group" aria-label=${H("clips.actions")}>
      ${this._button(C.kept?"clips.release":"clips.keep",C.kept?p1:H2,()=>this._send("keep"),V,C.kept?"on":"")}
      ${this._button("clips.label",C2,()=>this._send("label"),V)}
      ${e?n`<a class="button icon" href=${e} download=${$7(C)} aria-label=${t} title=${t}>${v(J)}</a>`:s}
      ${this._button("clips.share",B1,()=>this._send("share"),V)}
      ${this._button("clips.delete",O1,()=>this._send("delete"),V)}
      ${this._button("clips.close",_,()=>this._send("close"),!1)}
    </div>`}_button(C,H,V,e,t=""){let M=this.localize(C);return n`<button class="icon ${t}" aria-label=${M} title=${M} ?disabled=${e} @click=${V}>
      ${v(H)}
    </button>`}_began(){this._video&&(this._video.playbackRate=this._speed)}_ticked(){this._played=Math.floor((this._video?.currentTime??0)*4)/4}_toggle(){let C=this._video;C&&(C.paused?C.play().catch(()=>{}):C.pause())}_mute(){this._isMuted=E2.muted=!this._isMuted}_setSpeed(C){this._speed=E2.speed=Number(C.target.value),this._video&&(this._video.playbackRate=this._speed)}_seek(C){let{clip:H}=this,V=m(H.start)+Number(C.target.value);this._goTo(F2(H,V))}_goTo(C){let H=this._video;if(!H)return;let V=Number.isFinite(H.duration)?H.duration:this.clip.duration_s;H.currentTime=Math.min(Math.max(C,0),V),this._played=H.currentTime}_fullscreen(){document.fullscreenElement?document.exitFullscreen():document.fullscreenEnabled?this.requestFullscreen().catch(()=>{}):this._video?.webkitEnterFullscreen?.()}_key(C){if(C.altKey||C.ctrlKey||C.metaKey)return;let{localName:H}=C.target,V=getComputedStyle(this).direction==="rtl"?"ArrowLeft":"ArrowRight";if(C.key==="Escape")this._send("close");else if(C.key==="["&&this.hasPrevious)this._send("previous");else if(C.key==="]"&&this.hasNext)this._send("next");else{if(H==="select")return;if(C.key==="ArrowRight"||C.key==="ArrowLeft")this._goTo((this._video?.currentTime??0)+(C.key===V?u0:-u0));else if(C.key===" "&&H!=="button"&&H!=="a")this._toggle();else return}C.preventDefault(),C.stopPropagation()}};P.styles=[f,v1,Z`
      :host {
        display: block;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
        overflow: hidden;
        scroll-margin: 120px;
      }
      :host(:fullscreen) {
        background: var(--cd-ground);
        border-radius: 0;
      }
      :host(:fullscreen) .all {
        height: 100%;
        display: flex;
        flex-direction: column;
      }
      :host(:fullscreen) .stage {
        flex: 1;
        max-height: none;
        min-height: 0;
      }
      :host(:fullscreen) .actions {
        display: none;
      }
      .faint {
        color: var(--cd-faint);
      }
      .stage {
        display: grid;
        place-items: center;
        background: #000;
        color: #ddd;
        aspect-ratio: 16 / 9;
        max-height: 70vh;
        width: 100%;
        overflow: hidden;
      }
      .stage p {
        padding: 16px;
        text-align: center;
      }
      .coming {
        width: min(320px, 100%);
        padding: 8px;
        display: grid;
      }
      .coming p {
        margin: 0;
        padding: 8px;
        overflow-wrap: anywhere;
      }
      .coming button {
        justify-self: center;
        color: inherit;
        /* On black, whatever the theme. */
        box-shadow: inset 0 0 0 1px #888;
      }
      .copy {
        font-size: 13px;
      }
      video {
        width: 100%;
        height: 100%;
        min-height: 0;
        display: block;
      }
      .seek {
        position: relative;
        height: 44px;
        margin: 0 14px;
      }
      .line {
        position: absolute;
        inset: 19px 0;
        border-radius: 3px;
        background: color-mix(in srgb, var(--cd-text) 32%, transparent);
      }
      .done {
        height: 100%;
        border-radius: 3px;
        background: var(--cd-strong);
      }
      .line i {
        position: absolute;
        inset-block: -3px;
        min-width: 3px;
        border-radius: 2px;
        background: repeating-linear-gradient(-45deg, var(--cd-error) 0 2px, var(--cd-ground) 2px 5px);
      }
      .knob {
        position: absolute;
        top: -5px;
        width: 16px;
        height: 16px;
        margin-inline-start: -8px;
        border-radius: 8px;
        background: var(--cd-strong);
        box-shadow: 0 0 0 2px var(--cd-ground);
      }
      input[type="range"] {
        position: absolute;
        inset: 0 -8px;
        width: calc(100% + 16px);
        height: 44px;
        min-height: 0;
        padding: 0;
        border: 0;
        margin: 0;
        opacity: 0;
        cursor: pointer;
      }
      .seek:focus-within:has(:focus-visible) .knob {
        outline: 2px solid var(--cd-link);
        outline-offset: 3px;
      }
      .controls,
      .actions {
        display: flex;
        align-items: center;
      }
      .controls {
        padding: 0 4px;
        margin-top: -8px;
      }
      .clock {
        flex: 1;
        min-width: 0;
        padding-inline: 8px;
        display: flex;
        flex-wrap: wrap;
        gap: 0 12px;
        font-variant-numeric: tabular-nums;
      }
      .clock > span {
        white-space: nowrap;
      }
      :host(:dir(rtl)) .turn svg {
        transform: scaleX(-1);
      }
      select {
        appearance: none;
        min-height: 44px;
        min-width: 48px;
        padding: 0 4px;
        border: 0;
        border-radius: 22px;
        background: transparent;
        text-align: center;
        cursor: pointer;
      }
      select:hover {
        background: var(--cd-soft);
      }
      option {
        background: var(--cd-ground);
        color: var(--cd-text);
      }
      .about {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 12px;
        padding-block: 4px;
        padding-inline: 14px 4px;
        border-top: 1px solid var(--cd-line);
      }
      .about p {
        flex: 1 1 240px;
        margin: 4px 0;
        display: grid;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      b {
        font-weight: 500;
      }
      .on {
        color: var(--cd-link);
      }
      @container (max-width: 600px) {
        .seek {
          margin: 0 16px;
        }
        .controls {
          flex-wrap: wrap;
          justify-content: space-between;
        }
        .clock {
          order: -1;
          flex: 1 0 100%;
          justify-content: space-between;
          padding-inline: 12px;
        }
      }
    `],a([A({attribute:!1})],P.prototype,"clip",2),a([A()],P.prototype,"name",2),a([A()],P.prototype,"what",2),a([A({attribute:!1})],P.prototype,"bringing",2),a([A({attribute:!1})],P.prototype,"format",2),a([A({attribute:!1})],P.prototype,"localize",2),a([A({type:Boolean})],P.prototype,"offline",2),a([A({type:Boolean,attribute:"has-previous"})],P.prototype,"hasPrevious",2),a([A({type:Boolean,attribute:"has-next"})],P.prototype,"hasNext",2),a([u()],P.prototype,"_played",2),a([u()],P.prototype,"_isPlaying",2),a([u()],P.prototype,"_isBroken",2),a([u()],P.prototype,"_speed",2),a([u()],P.prototype,"_isMuted",2),a([O("video")],P.prototype,"_video",2),a([O(".play")],P.prototype,"_play",2);var D2=1e3,D1=10*1e3,z2=r=>Math.round(r/1e3)*1e3,I5=(r,L,C)=>{let H=W(z2(Math.min(r,L)),C.start,C.end-D2),V=W(z2(Math.max(r,L)),H+D2,C.end);return{start:H,end:V}},z1=(r,L,C,H)=>L==="start"?{start:W(z2(C),H.start,r.end-D2),end:r.end}:{start:r.start,end:W(z2(C),r.start+D2,H.end)},Z0=(r,L,C)=>{let H=r,V=C;for(let e of L){let t=Math.abs(e-r);t<=V&&(V=t,H=e)}return H},W5=(r,L,C,H)=>{let V=L?1e3:D1,e=C?-V:V,t=H?V:-V;switch(r){case"ArrowRight":return e;case"ArrowLeft":return-e;case"ArrowDown":return t;case"ArrowUp":return-t;case"PageUp":return 6*D1;case"PageDown":return-6*D1;default:return null}};var F7=["doorbell","parcel","visitor","incident"],E=class extends x{constructor(){super(...arguments);this.rows=[];this.selection=null;this.now=0;this.pictures=null;this.version=0;this.busy=!1;this.offline=!1;this._label="";this._wrong=null}_change(C){this._wrong=null,this.dispatchEvent(new CustomEvent("selection-changed",{detail:C}))}_nudge(C,H){if(!this.selection)return;let V=z1(this.selection,C,this.selection[C]+H,this.limits);this._change({...this.selection,...V})}_typed(C,H){let{selection:V}=this,e=C.target;if(!V)return;let t=W3(e.value,V[H],this.format.zone,this.limits),M=t===null||t<this.limits.start||t>this.limits.end,i=t!==null&&(H==="start"?t>=V.end:t<=V.start);if(M||i){this._wrong=H;return}this._change({...V,...z1(V,H,t,this.limits)}),e.value=this.format.seconds(t)}_tick(C){let{selection:H}=this;if(!H)return;let V=new Set(H.entityIds);if(V.delete(C)||V.add(C),!V.size)return;let e=this.rows.map(t=>t.entityId).filter(t=>V.has(t));this._change({...H,entityIds:e})}_save(C,H=""){if(!this.selection||this.busy||this.offline)return;let V={...this.selection,...C,label:this._label.trim()||H};this.dispatchEvent(new CustomEvent("save",{detail:V})),this._label=""}_choose(C){if(!this.selection)return;let H=Math.max(C.start,this.limits.start),V=Math.min(C.end,this.limits.end);this.dispatchEvent(new CustomEvent("window-chosen",{detail:{...this.selection,start:H,end:V}}))}_typeLabel(C){this._label=C.target.value}_enter(C){C.key==="Enter"&&this._save()}render(){let{selection:C,localize:H,format:V}=this;if(!C)return s;let e=this.rows.filter(o=>C.entityIds.includes(o.entityId)),t=e.length===1?e[0]:void 0,M=t&&$5(t,C),i=e.filter(o=>!o.anyWindow&&!o.events.some(l=>l.start<C.end&&l.end>C.start));return n`
      <section aria-label=${H("save.title")}>
        <div class="edges">
          ${this._shots(e,C)} ${this._edge("start",C)} ${this._length(e,C)}
          ${this._edge("end",C)}
          <button
            class="icon close"
            aria-label=${H("save.clear")}
            title=${H("save.clear")}
            @click=${()=>this._change(null)}
          >
            ${v(_)}
          </button>
        </div>
        ${this._windows(e,C)} ${this.rows.length>1?this._cameras(C):s}
        <div class="do">
          <input
            type="text"
            maxlength="100"
            list="labels"
            aria-label=${H("save.label")}
            placeholder=${H("save.label")}
            .value=${this._label}
            @input=${this._typeLabel}
            @keydown=${this._enter}
          />
          <datalist id="labels">
            ${F7.map(o=>n`<option value=${H(`label.${o}`)}></option>`)}
          </datalist>
          ${M?n`<button
                class="outlined"
                @click=${()=>this.dispatchEvent(new CustomEvent("clip-opened",{detail:M}))}
              >
                ${v(y1)} ${H("save.play_saved")}
              </button>`:s}
          ${t?this._extend(t,C):s}
          <button class="primary" ?disabled=${this.busy||this.offline} @click=${()=>this._save()}>
            ${v(J)}
            ${H(M?"save.again":"save.save",{length:V.length(C.end-C.start)})}
            ${e.length>1?n`<span>× ${V.count(e.length)}</span>`:s}
          </button>
        </div>
        ${e.map(o=>{let l=this._problem(o,C);return l?n`<p class="hint">${l}</p>`:s})}
        ${i.map(o=>n`<p class="hint">
            ${H("save.only_events",{camera:o.name})}
            ${this._nearest(o,C)}
          </p>`)}
      </section>
    `}_problem(C,H){let V={camera:C.name},e=M2(C,H);if(e)return this.localize("camera.problem",{...V,reason:e.reason});if(H.start<(C.retentionStart??0))return this.localize("save.gone",V);if(H.start<(C.onlyMotionBefore??0))return this.localize("save.only_motion",V)}_length(C,H){let{localize:V,format:e}=this,t=l0(C,H),M=s0(C,H);return n`<div class="length">
      <b>${e.length(H.end-H.start)}</b>
      ${t===null?s:n`<span>${V("save.about",{size:e.bytes(t)})}</span>`}
      ${M===null?s:n`<span title=${V("save.cost_help")}>${V("save.cost",{cost:e.dollars(M)})}</span>`}
    </div>`}_windows(C,H){let{localize:V,limits:e,now:t}=this,M=[],i=(S,y)=>{let n1=Math.max(y.start,e.start),g=Math.min(y.end,e.end);n1===H.start&&g===H.end||M.push(n`<button class="outlined" @click=${()=>this._choose(y)}>${V(S)}</button>`)},[o]=C,l=H.end-H.start<=10*6e4,d=o&&C.length===1&&l?m0(o,H):void 0;d&&o?.anyWindow&&i("save.around",p0(d)),d&&!o?.anyWindow&&i("save.recording",M1(d));let p=Math.ceil(t/1e3)*1e3+6e4;return e.end>=t&&H.start<t&&t-H.end<36e5&&C.some(S=>S.anyWindow)&&i("save.until_now",{start:H.start,end:p}),M.length?n`<div class="windows" role="group" aria-label=${V("save.windows")}>${M}</div>`:s}_extend(C,H){let{localize:V,format:e}=this,t=C.anyWindow?A0(C,H):null;if(!t)return s;let M=C.clips.find(i=>i.start<H.end&&i.end>H.start)?.clip.label;return n`<button
      class="outlined"
      title=${V("save.extend_help")}
      ?disabled=${this.busy||this.offline}
      @click=${()=>this._save(t,M)}
    >
      ${v(X1)} ${V("save.extend",{length:e.length(t.end-t.start)})}
    </button>`}_nearest(C,H){let V=_2(C,H);return V?n`<button class="outlined" @click=${()=>{let t={...M1(V),entityIds:[C.entityId]};this.dispatchEvent(new CustomEvent("window-chosen",{detail:t}))}}>
      ${this.localize("save.nearest",{time:this.format.seconds(V.start)})}
    </button>`:s}_edge(C,H){let{localize:V,format:e}=this,t=this._wrong===C,M=V(C==="start"?"save.start":"save.end"),i=o=>{let l=e.spoken(Math.abs(o)),d=V(o<0?"save.earlier":"save.later",{edge:M,length:l}),p=`${o<0?"−":"+"}${e.count(Math.abs(o)/1e3)}`;return n`<button class="icon nudge" aria-label="${d} (${p})" title=${d} @click=${()=>this._nudge(C,o)}>
        <bdi dir="ltr">${p}</bdi>
      </button>`};return n`<div class="edge ${C}">
      ${i(-D1)} ${i(-1e3)}
      <label>
        <span class="name">${M}</span>
        <input
          type="text"
          inputmode="text"
          autocomplete="off"
          aria-invalid=${t}
          aria-describedby=${t?`wrong-${C}`:s}
          .value=${e.seconds(H[C])}
          @change=${o=>this._typed(o,C)}
        />
      </label>
      ${i(1e3)} ${i(D1)}
      ${t?n`<span class="wrong" id=${`wrong-${C}`} role="alert">${V("save.wrong_time")}</span>`:s}
    </div>`}_shots(C,H){if(!this.pictures)return s;let{start:V,end:e}=H,t=i=>i.clips.some(o=>o.start<e&&o.end>V),M=C.find(i=>t(i)||E1(i,V,this.now));if(M)return n`${this._shot("start",M,V)} ${this._shot("end",M,e)}`;for(let i of C){let o=i.events.find(l=>l.event.picture&&l.start<e&&l.end>=V);if(o)return this._shot("start",i,o.start)}return s}_shot(C,H,V){return n`<clip-download-shot
      class=${C}
      .row=${H}
      .time=${V}
      .now=${this.now}
      .place=${C}
      .pictures=${this.pictures}
      .format=${this.format}
      .version=${this.version}
    ></clip-download-shot>`}_cameras(C){return n`<div class="cameras" role="group" aria-label=${this.localize("save.cameras")}>
      ${this.rows.map(H=>{let V=C.entityIds.includes(H.entityId);return n`<label class="tick ${V?"chosen":""}">
          <input type="checkbox" .checked=${V} @change=${()=>this._tick(H.entityId)} />
          <span dir="auto">${H.name}</span>
        </label>`})}
    </div>`}};E.styles=[f,Z`
      :host {
        display: block;
      }
      section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 12px 16px;
        padding-top: 16px;
      }
      .edge,
      .do,
      .cameras {
        display: flex;
        align-items: center;
      }
      .edges {
        display: grid;
        grid-template-columns: repeat(4, auto);
        align-items: center;
        gap: 16px 8px;
      }
      .edge {
        position: relative;
        width: 284px;
      }
      clip-download-shot {
        grid-row: 1;
        width: 284px;
      }
      clip-download-shot.end {
        grid-column: 3;
      }
      .edge,
      .length,
      .close {
        grid-row: 2;
      }
      .nudge {
        font-size: 13px;
        font-variant-numeric: tabular-nums;
      }
      .windows {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .hint button {
        margin-inline-start: 8px;
      }
      label {
        display: block;
        position: relative;
      }
      .name {
        position: absolute;
        top: -8px;
        inset-inline-start: 8px;
        padding: 0 4px;
        background: var(--cd-ground);
        color: var(--cd-faint);
        font-size: 12px;
        line-height: 16px;
        border-radius: 4px;
      }
      .edge input {
        width: 108px;
        text-align: center;
        font-variant-numeric: tabular-nums;
      }
      input[aria-invalid="true"] {
        border-color: var(--cd-error);
      }
      .wrong {
        position: absolute;
        top: calc(100% + 2px);
        inset-inline-start: 88px;
        color: var(--cd-error);
        font-size: 12px;
        line-height: 16px;
        white-space: nowrap;
        background: var(--cd-ground);
        z-index: 1;
      }
      .length {
        display: grid;
        justify-items: center;
        min-width: 84px;
        font-variant-numeric: tabular-nums;
      }
      .length b {
        font-size: 18px;
        font-weight: 500;
      }
      .length span,
      .hint {
        color: var(--cd-faint);
        font-size: 12px;
        line-height: 16px;
      }
      .hint {
        margin: 0;
        flex-basis: 100%;
      }
      .cameras {
        flex-wrap: wrap;
        gap: 0 4px;
      }
      .tick {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 44px;
        padding: 0 10px;
        border-radius: 22px;
        cursor: pointer;
        max-width: 240px;
      }
      .tick:hover {
        background: var(--cd-soft);
      }
      .tick span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .tick input {
        min-height: 0;
        width: 18px;
        height: 18px;
        flex: none;
        accent-color: var(--cd-strong);
      }
      .do {
        flex: 1;
        gap: 8px;
        min-width: min(100%, 440px);
        flex-wrap: wrap;
        justify-content: flex-end;
      }
      .do input {
        flex: 1 1 120px;
        max-width: 360px;
      }
      .do button {
        flex: none;
        font-variant-numeric: tabular-nums;
      }
      @container (max-width: 720px) {
        .edges {
          grid-template-columns: 1fr 1fr;
          width: 100%;
        }
        clip-download-shot {
          grid-row: 2;
          width: 100%;
        }
        clip-download-shot.end {
          grid-column: 2;
        }
        .edge {
          grid-column: 1 / 3;
          grid-row: 3;
          width: 100%;
        }
        .edge.end {
          grid-row: 4;
        }
        .edge label {
          flex: 1;
        }
        .edge input {
          width: 100%;
        }
        .length {
          grid-area: 1 / 1;
          display: flex;
          align-items: baseline;
          gap: 12px;
          white-space: nowrap;
        }
        .close {
          grid-area: 1 / 2;
          justify-self: end;
        }
        .do {
          min-width: 100%;
        }
        .do .primary {
          flex: 1 1 auto;
        }
      }
    `],a([A({attribute:!1})],E.prototype,"rows",2),a([A({attribute:!1})],E.prototype,"limits",2),a([A({attribute:!1})],E.prototype,"selection",2),a([A({attribute:!1})],E.prototype,"format",2),a([A({attribute:!1})],E.prototype,"localize",2),a([A({type:Number})],E.prototype,"now",2),a([A({attribute:!1})],E.prototype,"pictures",2),a([A({type:Number})],E.prototype,"version",2),a([A({type:Boolean})],E.prototype,"busy",2),a([A({type:Boolean})],E.prototype,"offline",2),a([u()],E.prototype,"_label",2),a([u()],E.prototype,"_wrong",2);var E7=[{hours:1,key:"share.hour"},{hours:24,key:"share.day"},{hours:168,key:"share.week"}],R=class extends x{constructor(){super(...arguments);this.clip=null;this.name="";this.offline=!1;this._hours=24;this._made=null;this._shares=null;this._failure="";this._isBusy=!1;this._isCopied=!1}connectedCallback(){super.connectedCallback(),this._try(async()=>{this._shares=await e0(this.hass)})}async _try(C){this._failure="";try{await C()}catch(H){this._failure=X(H,this.hass)}}render(){let{localize:C,clip:H}=this;return n`<clip-download-dialog
      heading=${C(H?"share.title":"share.links")}
      .localize=${C}
      @closed=${()=>this.dispatchEvent(new CustomEvent("closed"))}
    >
      ${H?this._made?this._result(this._made):this._form(H):s}
      ${this._failure?n`<p class="failure" role="alert">${this._failure}</p>`:s}
      ${this._list()}
    </clip-download-dialog>`}_form(C){let{localize:H,format:V}=this;return n`<p>
        <b><bdi>${this.name}</bdi></b>, ${V.date(m(C.start))}, ${V.seconds(m(C.start))},
        ${V.length(C.duration_s*1e3)}
      </p>
      <p class="faint">${H("share.help")}</p>
      <div class="lengths" role="radiogroup" aria-label=${H("share.length")}>
        ${E7.map(({hours:e,key:t})=>n`<label class=${this._hours===e?"on":""}>
              <input type="radio" name="hours" .checked=${this._hours===e} @change=${()=>this._hours=e} />
              ${H(t)}
            </label>`)}
      </div>
      <div class="buttons">
        <button class="primary" ?disabled=${this._isBusy||this.offline} @click=${()=>{this._make(C)}}>
          ${v(B1)} ${H("share.make")}
        </button>
      </div>`}_result(C){let{localize:H,format:V}=this;return n`<p>${H("share.made",{time:this._when(C.expires_at)})}</p>
      <input readonly aria-label=${H("share.link")} .value=${j5(C)} @focus=${()=>this._link?.select()} />
      <p class="faint" role="status">${this._isCopied?H("share.copied"):s}</p>
      <div class="buttons">
        ${typeof navigator.share=="function"?n`<button class="outlined" @click=${()=>this._native(C,V)}>
              ${v(B1)} ${H("share.send")}
            </button>`:s}
        <button class="primary" @click=${()=>{this._copy(C)}}>${v(m5)} ${H("share.copy")}</button>
      </div>`}_list(){let{localize:C,clip:H}=this,V=this._shares;return V?V.length?n`${H?n`<h3>${C("share.links")}</h3>`:s}
      <ul>
        ${V.map(e=>this._share(e))}
      </ul>`:H?s:n`<p class="faint">${C("share.none")}</p>`:this._failure?s:n`<p class="faint">${C("loading")}</p>`}_share(C){let{localize:H,format:V}=this,e=`${C.camera}, ${V.shortDate(m(C.start))}, ${V.seconds(m(C.start))}`;return n`<li>
      <span>
        <bdi>${e}</bdi>
        <span class="faint">
          ${H("share.ends",{time:this._when(C.expires_at)})} · ${H.plural("share.opened",C.opened)}
          ${C.user?n` · <bdi>${C.user}</bdi>`:s}
        </span>
      </span>
      <button
        class="icon"
        aria-label="${H("share.revoke")}: ${e}"
        title=${H("share.revoke")}
        ?disabled=${this.offline}
        @click=${()=>{this._revoke(C)}}
      >
        ${v(O1)}
      </button>
    </li>`}_when(C){return`${this.format.shortDate(m(C))}, ${this.format.time(m(C))}`}async _make(C){this._isBusy=!0,await this._try(async()=>{let H=await L0(this.hass,C.id,this._hours);this._made=H,this._shares=[H,...this._shares??[]],await this.updateComplete,await this._copy(H)}),this._isBusy=!1}async _copy(C){this._isCopied=!1;let H=this._link;try{await navigator.clipboard.writeText(j5(C)),this._isCopied=!0}catch{H?.focus(),H?.select(),this._isCopied=H!==null&&document.execCommand("copy")}}_native(C,H){let V=`${C.camera}, ${H.date(m(C.start))}, ${H.time(m(C.start))}`;navigator.share({title:V,url:j5(C)}).catch(()=>{})}async _revoke(C){await this._try(async()=>{await r0(this.hass,C.id),this._shares=(this._shares??[]).filter(H=>H.id!==C.id),this._made?.id===C.id&&(this._made=null)})}close(){this._dialog.close()}};R.styles=[f,Z`
      p {
        margin: 0 0 12px;
        overflow-wrap: anywhere;
      }
      b {
        font-weight: 500;
      }
      .faint {
        color: var(--cd-faint);
        min-height: 20px;
      }
      .failure {
        color: var(--cd-error);
        margin-top: 12px;
      }
      .lengths {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: 8px;
      }
      .lengths label {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 8px;
        min-height: 44px;
        padding: 0 8px;
        border-radius: 22px;
        box-shadow: inset 0 0 0 1px var(--cd-line);
        cursor: pointer;
      }
      .lengths .on {
        background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
        box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--cd-primary) 55%, transparent);
      }
      .lengths input {
        min-height: 0;
        width: 18px;
        height: 18px;
        accent-color: var(--cd-strong);
      }
      input[readonly] {
        width: 100%;
        margin-bottom: 4px;
        text-overflow: ellipsis;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        justify-content: end;
        gap: 8px;
        margin-top: 16px;
      }
      h3 {
        margin: 20px 0 0;
        font-size: 14px;
        font-weight: 500;
      }
      ul {
        list-style: none;
        margin: 4px 0 0;
        padding: 0;
      }
      li {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 6px 0;
        border-top: 1px solid var(--cd-line);
      }
      li > span {
        flex: 1;
        min-width: 0;
        display: grid;
        overflow-wrap: anywhere;
      }
    `],a([A({attribute:!1})],R.prototype,"hass",2),a([A({attribute:!1})],R.prototype,"clip",2),a([A()],R.prototype,"name",2),a([A({attribute:!1})],R.prototype,"format",2),a([A({attribute:!1})],R.prototype,"localize",2),a([A({type:Boolean})],R.prototype,"offline",2),a([u()],R.prototype,"_hours",2),a([u()],R.prototype,"_made",2),a([u()],R.prototype,"_shares",2),a([u()],R.prototype,"_failure",2),a([u()],R.prototype,"_isBusy",2),a([u()],R.prototype,"_isCopied",2),a([O("clip-download-dialog")],R.prototype,"_dialog",2),a([O("input[readonly]")],R.prototype,"_link",2);var j5=r=>new URL(r.url??r.path,location.origin).href;var D7=r=>{switch(r.locale.time_format){case"12":return!0;case"24":return!1;case"system":return new Intl.DateTimeFormat(void 0,{hour:"numeric"}).resolvedOptions().hour12;default:return}},z7=r=>r.locale.time_zone==="server"?r.config.time_zone:Intl.DateTimeFormat().resolvedOptions().timeZone,h0=["byte","kilobyte","megabyte","gigabyte","terabyte"],N7=(r,L,C)=>{let H={timeZone:L,hour:C===!0?"numeric":"2-digit",minute:"2-digit",...C!==void 0&&{hourCycle:C?"h12":"h23"}},V=new Intl.DateTimeFormat(r,H),e=new Intl.DateTimeFormat(r,{...H,second:"2-digit"}),t=new Intl.DateTimeFormat(r,{timeZone:L,weekday:"short",year:"numeric",month:"short",day:"numeric"}),M=new Intl.DateTimeFormat(r,{timeZone:L,month:"short",day:"numeric"}),i=new Intl.NumberFormat(r,{minimumIntegerDigits:2,useGrouping:!1}),o=new Intl.NumberFormat(r,{useGrouping:!1}),l=new Intl.NumberFormat(r,{style:"percent",maximumFractionDigits:0}),d={style:"currency",currency:"USD"},p=new Intl.NumberFormat(r,d),c=new Intl.NumberFormat(r,{...d,maximumSignificantDigits:1}),S=new Map,y=(g,w,z)=>{let A1=z==="long"||g>=10?0:1,G2=`${w} ${z} ${A1}`,i2=S.get(G2);return i2||(i2=new Intl.NumberFormat(r,{style:"unit",unit:w,unitDisplay:z,maximumFractionDigits:A1}),S.set(G2,i2)),i2.format(g)},n1=g=>{let w=Math.round(g/1e3);return[Math.floor(w/3600),Math.floor(w/60)%60,w%60]};return{language:r,zone:L,time:g=>V.format(g),seconds:g=>e.format(g),date:g=>t.format(g),shortDate:g=>M.format(g),length:g=>{let[w,z,A1]=n1(g);return w?`${o.format(w)}:${i.format(z)}:${i.format(A1)}`:`${o.format(z)}:${i.format(A1)}`},spoken:g=>{let[w,z,A1]=n1(g);return[...w?[y(w,"hour","long")]:[],...z?[y(z,"minute","long")]:[],...A1||!w&&!z?[y(A1,"second","long")]:[]].join(" ")},rough:g=>{let w=Math.max(1,Math.round(g/6e4));return w<90?y(w,"minute","short"):y(Math.round(w/60),"hour","short")},bytes:g=>{let w=g,z=0;for(;w>=1e3&&z<h0.length-1;)w/=1e3,z+=1;return y(w,h0[z]??"byte","short")},dollars:g=>(g<.01?c:p).format(g),percent:g=>l.format(g),count:g=>o.format(g)}},U5,S0=r=>{let L=r.locale.language,C=z7(r),H=D7(r),V=`${L} ${C} ${String(H)}`;return U5?.key!==V&&(U5={key:V,format:N7(L,C,H)}),U5.format};var b0="clip-download-cameras",I7=4,W7=3,j7=600,U7=8e3,g0=30*1e3,G7="clip-download",f0="/config/integrations/integration/clip_download",Q7="/config/integrations/dashboard/add?domain=clip_download",$=class extends x{constructor(){super(...arguments);this.entityIds=[];this.hideClips=!1;this.hidePresets=!1;this.linked=!1;this._day=null;this._selection=null;this._now=Date.now();this._isVertical=!1;this._isSaving=!1;this._shown=null;this._labelled=null;this._shared=null;this._store=new w2(this);this._timer=0;this._noticeTimer=0;this._noticed="";this._link=null;this._addressed=null;this._rowsKey=[];this._rows=[];this._bounds=null;this._visibleKey=[];this._visible=[];this._observer=new ResizeObserver(([C])=>{let H=C?.contentRect.width??0;H&&(this._isVertical=H<j7)});this._jobsKey=[];this._ownJobs=[];this._back=()=>{this._store.close()};this._readAddress=()=>{if(!this.linked)return;let C=new URLSearchParams(location.search),H=C.get("clip");(H===null?!C.has("camera"):H===this._addressed)||(this._link=C,this.requestUpdate())}}connectedCallback(){super.connectedCallback(),this._observer.observe(this),this._timer=window.setInterval(()=>this._tick(),1e3),this._tick(),window.addEventListener("location-changed",this._readAddress),window.addEventListener("popstate",this._readAddress),this._readAddress()}disconnectedCallback(){super.disconnectedCallback(),this._observer.disconnect(),window.clearInterval(this._timer),window.clearTimeout(this._noticeTimer),window.removeEventListener("location-changed",this._readAddress),window.removeEventListener("popstate",this._readAddress),$1(this._back)}_tick(){let C=Date.now();!this._store.jobs.some(V=>V.next_try_at!==null&&!_1(V))&&C-this._now<10*1e3||(this._day&&this._now<this._day.end&&C>=this._day.end&&this._setDay(I(C,this._format.zone)),this._now=C)}shouldUpdate(C){let H=C.get("hass");return!H||C.size>1?!0:(this._store.setHass(this.hass),H.locale!==this.hass.locale||H.themes!==this.hass.themes||H.config.time_zone!==this.hass.config.time_zone||H.connection!==this.hass.connection)}willUpdate(){this._format=S0(this.hass),this._localize=N(this.hass.locale.language),this._theme=this.hass.themes,this._store.setHass(this.hass);let{zone:C}=this._format;this._day=this._day?f2(this._day.id,C):I(Date.now(),C),(this._bounds?.start!==this._day.start||this._bounds.end!==this._day.end)&&(this._bounds=this._day),this._store.show(this._bounds,this._shownIds)}updated(){let{notice:C}=this._store;C!==this._noticed&&(this._noticed=C,window.clearTimeout(this._noticeTimer),C&&(this._noticeTimer=window.setTimeout(()=>this._store.tell(""),U7))),this._link&&this._store.state==="ready"&&this._follow(this._link),this._tellAddress()}get _offered(){let{cameras:C}=this._store;return this.entityIds.length?C.filter(H=>this.entityIds.includes(H.entity_id)):C}get _shownIds(){let C=this._offered.map(e=>e.entity_id);if(this.entityIds.length&&!this._shown)return C;let H=this._shown??K7(),V=C.filter(e=>H?.includes(e));return V.length||this._shown?V:C.slice(0,this._isVertical?W7:I7)}get _shownRows(){let C=this._store,H=this._shownIds,V=[C.cameras,C.timelines,C.jobs,H.join(),Y.clips];return V.some((e,t)=>e!==this._rowsKey[t])&&(this._rowsKey=V,this._rows=H.flatMap(e=>{let t=C.cameras.find(o=>o.entity_id===e);if(!t)return[];let M=C.timelines.get(e),i=M?.clips.filter(o=>!Y.has(o.id))??[];return[n0(t,M&&{...M,clips:i},C.jobs)]})),this._rows}get _visibleClips(){let C=[this._store.clips,Y.clips];return C.some((H,V)=>H!==this._visibleKey[V])&&(this._visibleKey=C,this._visible=this._store.clips.filter(H=>!Y.has(H.id))),this._visible}render(){let C=this._store,H=this._localize;if(C.state==="loading"&&!C.cameras.length)return this._bones();if(C.state==="missing"||C.state==="failed")return this._problem();if(!this._offered.length)return this._noCameras();let V=this._shownRows;return n`
      ${this._offlineBanner()}
      <clip-download-head
        .cameras=${this._offered}
        .shown=${this._shownIds}
        .day=${this._bounds}
        .format=${this._format}
        .localize=${H}
        .now=${this._now}
        .fixed=${this.entityIds.length>0}
        @camera-toggled=${e=>this._toggle(e.detail)}
        @day-changed=${e=>this._setDay(e.detail)}
      ></clip-download-head>
      ${this._problems()}
      ${V.length?n`
            <section class="part" aria-label=${H("timeline.title")}>
              <clip-download-footage
                .hass=${this.hass}
                .rows=${V}
                .bounds=${this._bounds}
                .selection=${this._selection}
                .format=${this._format}
                .localize=${H}
                .now=${this._now}
                .vertical=${this._isVertical}
                .loading=${C.isLoadingDay}
                .hidePresets=${this.hidePresets}
                .busy=${this._isSaving}
                .offline=${!C.isOnline}
                .theme=${this._theme}
                @selection-changed=${this._selected}
                @clip-opened=${this._openClip}
                @save=${this._save}
                @cancel=${e=>{C.cancel(e.detail.id)}}
        @cancel-back-fill=${e=>{C.cancelBackFill(e.detail.account_id)}}
                @retry=${e=>{C.retry(e.detail.id)}}
                @sign-in=${()=>G5(f0)}
                @notice=${e=>C.tell(e.detail)}
              ></clip-download-footage>
            </section>
          `:n`<p class="part empty">${H("state.nothing_shown")}</p>`}
      <clip-download-jobs
        class="part"
        ?hidden=${!this._jobs.length&&!C.backFills.length}
        .jobs=${this._jobs}
        .backFills=${C.backFills}
        .cameras=${C.cameras}
        .format=${this._format}
        .localize=${H}
        .now=${this._now}
        .offline=${!C.isOnline}
        @cancel=${e=>{C.cancel(e.detail.id)}}
        @cancel-back-fill=${e=>{C.cancelBackFill(e.detail.account_id)}}
        @retry=${e=>{C.retry(e.detail.id)}}
        @dismiss=${e=>C.dismiss(e.detail.id)}
        @play=${this._playJob}
      ></clip-download-jobs>
      ${this.hideClips||!V.length?s:n`<clip-download-clips
            class="part"
            .clips=${this._visibleClips}
            .cameras=${C.cameras}
            .shown=${this._shownIds}
            .filter=${C.filter}
            .filters=${C.filters}
            .opened=${C.opened}
            .bringing=${C.bringing}
            .format=${this._format}
            .localize=${H}
            .loading=${C.isLoadingClips}
            .hasMore=${C.hasMoreClips}
            .offline=${!C.isOnline}
            @filter-changed=${e=>C.setFilter(e.detail)}
            @more=${()=>{C.loadMoreClips()}}
            @open=${e=>{this._open(e.detail.id)}}
            @close=${()=>this._close()}
            @keep=${e=>{C.keep(e.detail.clips,e.detail.kept)}}
            @label=${e=>this._labelled=e.detail}
            @share=${e=>this._shared=e.detail}
            @bring=${e=>{C.bring(e.detail)}}
            @links=${()=>this._shared="links"}
            @export=${e=>{C.pack(e.detail)}}
            @delete=${this._delete}
          ></clip-download-clips>`}
      ${this._dialogs()}
      <clip-download-notices
        .localize=${H}
        .doomed=${C.showsBin?Y.clips.length:0}
        .notice=${C.notice}
        .packing=${C.packing}
        .format=${this._format}
        @stop=${()=>C.stopPacking()}
        @undo=${()=>Y.undo()}
        @closed=${()=>C.tell("")}
      ></clip-download-notices>
    `}get _jobs(){let C=[this._store.jobs,this._store.cameras,this.entityIds];if(C.some((H,V)=>H!==this._jobsKey[V])){this._jobsKey=C;let H=new Set(this._offered.map(V=>V.entity_id));this._ownJobs=this._store.jobs.filter(V=>H.has(V.entity_id??""))}return this._ownJobs}_bones(){return n`<div class="bones" role="status">
      <span class="hidden-text">${this._localize("loading")}</span>
      <div></div>
      <div></div>
      <div></div>
    </div>`}_problem(){let C=this._localize,H=this._store.state==="missing";return n`<div class="big" role="alert">
      ${v(s1)}
      <h2>${C(H?"state.missing":"state.failed")}</h2>
      <p>${H?C("state.missing_help"):this._store.failure}</p>
      <button class="primary" @click=${()=>{this._store.load()}}>${C("retry")}</button>
    </div>`}_noCameras(){let C=this._localize,H=this.hass.user?.is_admin!==!1;return n`<div class="big">
      ${v(Y1)}
      <h2>${C(H?"state.no_cameras":"state.no_rights")}</h2>
      <p>${C(H?"state.no_cameras_help":"state.no_rights_help")}</p>
      ${H?n`<a class="button outlined" href=${Q7} @click=${this._navigate}>${C("state.add_account")}</a>`:s}
    </div>`}_offlineBanner(){return this._store.isOnline?s:n`<p class="banner" role="status">${v(s5)} ${this._localize("state.offline")}</p>`}_problems(){let C=this._localize,H=new Set(this._shownIds),V=this._offered.filter(M=>M.status!=="ok"&&H.has(M.entity_id)),{timelines:e,dayFailure:t}=this._store;return n`
      ${V.map(M=>{let i=M.reason??C(`camera.${M.status}`);return n`<p class="banner problem">
          ${v(s1)}
          <span>${C("camera.problem",{camera:M.name,reason:i})}</span>
          ${M.status==="signed_out"?n`<a class="button" href=${f0} @click=${this._navigate}>${C("camera.sign_in")}</a>`:s}
        </p>`})}
      ${this._shownRows.map(M=>{let i=e.get(M.entityId)?.events_error;return i?n`<p class="banner problem">
          ${v(s1)}
          <span>${C("state.events_failed",{reason:i})}</span>
        </p>`:s})}
      ${t?n`<p class="banner problem" role="alert">
            ${v(s1)}
            <span>${C("state.day_failed",{reason:t})}</span>
            <button @click=${()=>{this._store.reloadDay()}}>${C("retry")}</button>
          </p>`:s}
    `}_navigate(C){C.ctrlKey||C.metaKey||C.shiftKey||C.button!==0||(C.preventDefault(),G5(C.currentTarget.href))}_toggle(C){let H=new Set(this._shownIds);if(H.delete(C)||H.add(C),this._shown=[...H],this.entityIds.length||q7(this._shown),!this._selection)return;let V=this._selection.entityIds.filter(e=>H.has(e));this._selection=V.length?{...this._selection,entityIds:V}:null}_setDay(C){C.id!==this._day?.id&&(this._day=C,this._selection=null)}_selected(C){let H=C.detail,V=this._bounds;H&&V&&(H.start<V.start||H.start>=V.end)&&(this._now=Date.now(),this._setDay(I(H.start,this._format.zone))),this._selection=H}async _save(C){let{entityIds:H,label:V,...e}=C.detail;this._isSaving=!0;let t=await this._store.save(H,e,V);this._isSaving=!1,t&&(this._selection=null,await this.updateComplete,this._footage?.focusTrack())}_openClip(C){this._open(C.detail.id)}async _open(C){this.hideClips?G5(`/${G7}?clip=${encodeURIComponent(C)}`):await this._store.open(C)}_close(){this._store.close()}async _playJob(C){let H=C.detail.clip_ids[0];H!==void 0&&await this._open(H)}_delete(C){this._store.delete(C.detail)}_dialogs(){let C=this._shared,H=this._labelled,V=!this._store.isOnline;return n`
      ${C?n`<clip-download-share
            .hass=${this.hass}
            .clip=${C==="links"?null:C}
            .name=${C==="links"?"":this._nameOf(C)}
            .format=${this._format}
            .localize=${this._localize}
            .offline=${V}
            @closed=${()=>this._shared=null}
          ></clip-download-share>`:s}
      ${H?n`<clip-download-label
            .clips=${H}
            .labels=${this._store.filters.labels}
            .localize=${this._localize}
            .offline=${V}
            @label=${e=>{this._store.label(H,e.detail)}}
            @closed=${()=>this._labelled=null}
          ></clip-download-label>`:s}
    `}_nameOf(C){return this._store.cameras.find(H=>H.entity_id===C.entity_id)?.name??C.camera}_tellAddress(){let C=this._store.opened?.id??null,H=this._addressed;if(C===H)return;this._addressed=C;let V=this.linked?`${location.pathname}${C===null?"":`?clip=${encodeURIComponent(C)}`}`:void 0;H===null&&new URLSearchParams(location.search).get("clip")!==C?T1(this._back,V):(C===null&&R1(this._back),V!==void 0&&w5(V))}async _follow(C){this._link=null;let H=C.get("clip"),V=C.get("camera"),e=m(C.get("at")??"");if(H!==null){let i=await this._store.open(H);i&&this._showDayOf(i.entity_id,m(i.start));return}if(V===null)return;if(w5(location.pathname),!this._offered.some(i=>i.entity_id===V)){this._store.tell(this._localize("state.no_such_camera"));return}if(this._showDayOf(V,e),Number.isNaN(e))return;await this.updateComplete;let M=Math.floor(e/1e3)*1e3;this._footage?.choose({start:M-g0,end:M+g0,entityIds:[V]})}_showDayOf(C,H){C!==null&&!this._shownIds.includes(C)&&this._toggle(C),Number.isNaN(H)||this._setDay(I(H,this._format.zone))}};$.styles=[f,Z`
      :host {
        display: block;
        container-type: inline-size;
      }
      .part {
        display: block;
        padding: 16px;
        background: var(--cd-ground);
        border: var(--ha-card-border-width, 1px) solid var(--ha-card-border-color, var(--cd-line));
        border-radius: var(--ha-card-border-radius, 12px);
        margin-top: 16px;
      }
      :host([plain]) .part {
        border-inline: 0;
        border-bottom: 0;
        border-radius: 0;
        margin: 0;
        padding: 12px 0;
      }
      :host([plain]) clip-download-head {
        padding-bottom: 8px;
      }
      .empty {
        margin: 16px 0 0;
        color: var(--cd-faint);
        text-align: center;
      }
      .banner {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 44px;
        margin: 12px 0 0;
        padding: 4px 12px;
        border-radius: var(--cd-radius);
        background: color-mix(in srgb, var(--warning-color, #ffa600) 18%, var(--cd-ground));
      }
      .banner:first-child {
        margin: 0 0 12px;
      }
      .banner span {
        flex: 1;
        overflow-wrap: anywhere;
      }
      .big {
        display: grid;
        justify-items: center;
        gap: 8px;
        padding: 48px 16px;
        text-align: center;
        max-width: 480px;
        margin: auto;
      }
      .big > svg {
        width: 56px;
        height: 56px;
        color: var(--cd-faint);
      }
      .big p {
        margin: 0 0 8px;
        color: var(--cd-faint);
        overflow-wrap: anywhere;
      }
      .button.outlined {
        box-shadow: inset 0 0 0 1px var(--cd-line);
      }
      .banner a {
        color: var(--cd-link);
      }
      .bones div {
        border-radius: 12px;
        margin-top: 16px;
        background: var(--cd-soft);
        animation: breathe 1.2s ease-in-out infinite alternate;
        height: 44px;
      }
      .bones div:nth-of-type(2) {
        height: 360px;
      }
      .bones div:nth-of-type(3) {
        height: 200px;
      }
      @keyframes breathe {
        to {
          opacity: 0.5;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .bones div {
          animation: none;
        }
      }
      @container (max-width: 600px) {
        .part {
          padding: 12px;
          margin-top: 12px;
        }
      }
    `],a([A({attribute:!1})],$.prototype,"hass",2),a([A({attribute:!1})],$.prototype,"entityIds",2),a([A({type:Boolean,attribute:"hide-clips"})],$.prototype,"hideClips",2),a([A({type:Boolean,attribute:"hide-presets"})],$.prototype,"hidePresets",2),a([A({type:Boolean})],$.prototype,"linked",2),a([u()],$.prototype,"_day",2),a([u()],$.prototype,"_selection",2),a([u()],$.prototype,"_now",2),a([u()],$.prototype,"_isVertical",2),a([u()],$.prototype,"_isSaving",2),a([u()],$.prototype,"_shown",2),a([u()],$.prototype,"_labelled",2),a([u()],$.prototype,"_shared",2),a([O("clip-download-footage")],$.prototype,"_footage",2);var G5=r=>{history.pushState(null,"",r),window.dispatchEvent(new CustomEvent("location-changed",{detail:{replace:!1}}))},K7=()=>{try{let r=JSON.parse(localStorage.getItem(b0)??"null");return Array.isArray(r)?r.filter(L=>typeof L=="string"):null}catch{return null}},q7=r=>{try{localStorage.setItem(b0,JSON.stringify(r))}catch{}};var O0=(r,L,C)=>({title:r,path:L,type:"panel",cards:[{type:"custom:clip-download-card",...C&&{entities:C}}]}),N2=class extends HTMLElement{static async generate(L,C){let H=N(C.locale.language),V=[];try{V=await b2(C)}catch{}let e=O0(H("cameras"),"all"),t=V.map(M=>O0(M.name,M.entity_id.replace("camera.","camera-"),[M.entity_id]));return{title:H("strategy.name"),views:t.length===1?t:[e,...t]}}};var J7=new Set(["no_footage","nothing_recorded"]),q=class extends x{constructor(){super(...arguments);this.now=0;this.offline=!1}_send(C,H){this.dispatchEvent(new CustomEvent(C,{detail:H}))}render(){let{job:C,localize:H,format:V}=this,e=m(C.start),t=`${V.seconds(e)} · ${V.length(m(C.end)-e)}`;return n`<section class=${C.state} aria-label=${H("jobs.of",{what:t})}>
      <b>${t}</b>
      <button class="icon" aria-label=${H("close")} title=${H("close")} @click=${()=>this._send("closed")}>
        ${v(_,"small")}
      </button>
      <p>${R2(C,H,V,this.now,null)}</p>
      ${C.state==="failed"?s:o1(t2(C),H("jobs.progress",{what:t}))}
      ${this._help()}
    </section>`}_help(){let{job:C,row:H,localize:V,offline:e}=this;if(C.state!=="failed")return n`<button class="outlined" ?disabled=${e} @click=${()=>this._send("cancel",C)}>
        ${V("jobs.cancel")}
      </button>`;if(H.isSignedOut)return n`<button class="outlined" @click=${()=>this._send("sign-in")}>${V("camera.sign_in")}</button>`;let t=J7.has(C.error?.key??"")?_2(H,{start:m(C.start),end:m(C.end)}):null;if(t&&!H.anyWindow){let M={...M1(t),entityIds:[H.entityId]};return n`<button class="outlined" @click=${()=>this._send("window-chosen",M)}>
        ${V("save.nearest",{time:this.format.seconds(t.start)})}
      </button>`}return n`<button class="outlined" ?disabled=${e} @click=${()=>this._send("retry",C)}>
      ${V("jobs.retry")}
    </button>`}};q.styles=[f,v1,Z`
      :host {
        display: block;
        width: min(300px, 80vw);
      }
      section {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: center;
        justify-items: start;
        gap: 0 8px;
        padding: 4px 4px 12px 16px;
        padding-inline: 16px 4px;
        border: 1px solid var(--cd-line);
        border-radius: 12px;
        background: var(--cd-ground);
        box-shadow: 0 4px 16px rgba(0, 0, 0, 0.3);
      }
      section.failed {
        border-color: var(--cd-error);
      }
      b {
        font-weight: 500;
        font-variant-numeric: tabular-nums;
      }
      p {
        grid-column: 1 / 3;
        margin: 0 12px 8px 0;
        margin-inline: 0 12px;
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      .failed p {
        color: var(--cd-error);
      }
      .outlined {
        grid-column: 1 / 3;
        min-height: 44px;
      }
      .bar {
        grid-column: 1 / 3;
        width: calc(100% - 12px);
        margin-bottom: 12px;
      }
    `],a([A({attribute:!1})],q.prototype,"job",2),a([A({attribute:!1})],q.prototype,"row",2),a([A({attribute:!1})],q.prototype,"format",2),a([A({attribute:!1})],q.prototype,"localize",2),a([A({type:Number})],q.prototype,"now",2),a([A({type:Boolean})],q.prototype,"offline",2);var X7=6e4,Y7=5*1e3,G=class extends x{constructor(){super(...arguments);this.time=0;this.now=0;this.place="";this.version=0}disconnectedCallback(){super.disconnectedCallback(),this.pictures.forget(this.place)}get _clip(){return this.row.clips.find(C=>C.start<=this.time&&this.time<=C.end)?.clip}willUpdate(){let{row:C,time:H}=this,V=this._clip;V&&this.pictures.wantClip(V.id),!V&&E1(C,H,this.now)?this.pictures.want(this.place,C.entityId,H,1e3/2):this.pictures.forget(this.place)}updated(C){(C.has("time")||C.has("row")||C.has("version"))&&this._seek()}_seek(){let C=this._clip;if(!C||!this._video)return;let H=Math.min(F2(C,this.time),Math.max(C.duration_s-.05,0));Math.abs(this._video.currentTime-H)>.02&&(this._video.currentTime=H)}render(){let{row:C,time:H,format:V}=this,e=this._clip,t=e&&this.pictures.clipUrl(e.id);if(t)return n`<video src=${t} muted playsinline preload="auto" aria-hidden="true" @loadedmetadata=${this._seek}></video>
        ${this._stamp(V.seconds(H))}`;let M=this.pictures.near(C.entityId,H,X7)??T2(C,H,Y7);return M?n`<img src=${M.picture} alt="" draggable="false" />${this._stamp(V.seconds(M.at))}`:n`<span class="only" aria-hidden="true">${V.seconds(H)}</span>`}_stamp(C){return n`<span class="stamp" aria-hidden="true">${C}</span>`}};G.styles=[f,Z`
      :host {
        position: relative;
        display: grid;
        place-items: center;
        aspect-ratio: 16 / 9;
        overflow: hidden;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
      }
      img,
      video {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .only {
        color: var(--cd-faint);
        font-size: 18px;
        font-variant-numeric: tabular-nums;
      }
      .stamp {
        position: absolute;
        bottom: 4px;
        inset-inline-start: 4px;
        padding: 0 6px;
        border-radius: 4px;
        background: rgba(0, 0, 0, 0.65);
        color: #fff;
        font-size: 12px;
        line-height: 18px;
        font-variant-numeric: tabular-nums;
      }
    `],a([A({attribute:!1})],G.prototype,"row",2),a([A({type:Number})],G.prototype,"time",2),a([A({type:Number})],G.prototype,"now",2),a([A()],G.prototype,"place",2),a([A({attribute:!1})],G.prototype,"pictures",2),a([A({attribute:!1})],G.prototype,"format",2),a([A({type:Number})],G.prototype,"version",2),a([O("video")],G.prototype,"_video",2);var C4=6e4,Q=(r,L)=>{let C=(L-r.start)/(r.end-r.start)*r.length;return r.mirrored?r.length-C:C},Q5=(r,L)=>{let C=r.mirrored?r.length-L:L;return r.start+C/r.length*(r.end-r.start)},N1=(r,L)=>{let C=Math.min(r.end-r.start,L.end-L.start),H=W(r.start,L.start,L.end-C);return{start:H,end:H+C}},y0=(r,L,C,H)=>{let V=r.end-r.start,e=W(V*C,C4,L.end-L.start),t=H-(H-r.start)/V*e;return N1({start:t,end:t+e},L)},K5=(r,L,C)=>N1({start:r.start+C,end:r.end+C},L),H4=[5*1e3,10*1e3,15*1e3,30*1e3,6e4,2*6e4,5*6e4,10*6e4,15*6e4,30*6e4,36e5,2*36e5,3*36e5,4*36e5,6*36e5,12*36e5],k0=(r,L,C)=>{let H=(r.end-r.start)/r.length*L,V=H4.find(t=>t>=H)??12*36e5,e=[];if(V<36e5){let t=g2(r.start,C),M=Math.ceil((r.start+t)/V)*V-t;for(let i=M;i<=r.end;i+=V)e.push(i)}else{let t=15*6e4,M=V/36e5;for(let i=Math.ceil(r.start/t)*t;i<=r.end;i+=t){let o=r2(i,C);o.minute===0&&o.hour%M===0&&e.push(i)}}return{step:V,times:e}};var F={width:64,height:36},I1={vertical:!1,axis:28,row:72,icons:{at:6,size:18},events:{at:26,size:4},cloud:{at:34,size:10},clips:{at:48,size:16},pictures:null},B0=r=>{if(!r)return I1;let L=F.height+4,C=H=>({at:H.at+L,size:H.size});return{...I1,row:I1.row+L,events:C(I1.events),cloud:C(I1.cloud),clips:C(I1.clips),pictures:{at:26,size:F.height}}},W2=64,T0=(r,L)=>({vertical:!0,axis:W2,row:r,icons:{at:44,size:18},events:{at:38,size:4},cloud:{at:4,size:10},clips:{at:18,size:16},pictures:L&&r>=_0+F.width?{at:_0,size:F.width}:null}),_0=70,w0=new Map,V4=r=>{let L=w0.get(r);return L||(L=new Path2D(r),w0.set(r,L)),L},q5=class{constructor(L,C){this.context=L;this.scene=C}span(L,C,H,V=1,e=0){let t=this.box(L,C,H,V);if(!t)return!1;let{context:M}=this;return e&&t[2]>2*e&&t[3]>e?(M.beginPath(),M.roundRect(...t,Math.min(e,t[2]/2,t[3]/2)),M.fill()):M.fillRect(...t),!0}box(L,C,H,V=1){let{scale:e,layout:t}=this.scene;if(L.end<e.start||L.start>e.end)return null;let M=Q(e,L.start),i=Q(e,L.end),o=Math.max(Math.min(M,i),-4),l=Math.min(Math.max(M,i),e.length+4)-o;l<V&&(o-=(V-l)/2,l=V);let d=this.across(C,H);return t.vertical?[d,o,H,l]:[o,d,l,H]}across(L,C){return this.scene.mirroredAcross?this.scene.across-L-C:L}line(L,C,H,V=1){let e=Math.round(Q(this.scene.scale,L)-V/2),t=this.across(C,H-C);this.scene.layout.vertical?this.context.fillRect(t,e,H-C,V):this.context.fillRect(e,t,V,H-C)}icon(L,C,H,V){let{context:e}=this,t=this.across(H,V);e.save(),this.scene.layout.vertical?e.translate(t,C-V/2):e.translate(C-V/2,t),e.scale(V/24,V/24),e.fill(V4(L)),e.restore()}},P0=new WeakMap,I2=(r,L,C=1)=>{let H=P0.get(r);H||(H=new Map,P0.set(r,H));let V=`${L} ${String(C)}`,e=H.get(V);if(e)return e;let t=window.devicePixelRatio||1,M=6,i=document.createElement("canvas");i.width=i.height=M*t;let o=i.getContext("2d");if(!o)return L;o.scale(t,t),o.strokeStyle=L,o.lineWidth=C,o.beginPath();for(let d of[-M,0,M])o.moveTo(d-1,M+1),o.lineTo(d+M+1,-1);o.stroke();let l=r.createPattern(i,"repeat");return l?(l.setTransform(new DOMMatrix().scale(1/t)),H.set(V,l),l):L},L4=20,J5=(r,L)=>{let C=[],H=r.filter(V=>V.end>=L.start&&V.start<=L.end);L.mirrored&&H.reverse();for(let V of H){let e=Q(L,(Math.max(V.start,L.start)+Math.min(V.end,L.end))/2),t=C.at(-1);t&&e-t.along<L4?(t.count+=1,V.look.rank<t.mark.look.rank&&(t.mark=V)):C.push({mark:V,along:e,count:1})}return C},X5=(r,L,C,H)=>{let V=(L.end-L.start)/L.length*(C+4),e=new Map;for(let o of r){if(!o.event.picture||o.start>L.end+V||o.end<L.start-V)continue;let l=Math.floor(o.start/V),d=e.get(l);(!d||o.look.rank<d.look.rank)&&e.set(l,o)}let t=[...e.values()].map(o=>{let l=Q(L,(o.start+o.end)/2);return{mark:o,picture:o.event.picture??"",along:l}});t.sort((o,l)=>o.along-l.along);let M=[],i=L.mirrored?1/0:Q(L,H)+C/2;for(let o of t){let l=M.at(-1),d=l?Math.max(o.along,l.along+C+4):o.along;d-o.along<=C&&d<i&&M.push({...o,along:d})}return M},e4=r=>r.layout.vertical?40:r.format.seconds(r.now).length*7+24,r4=r=>{let{context:L,scene:C}=r,{scale:H,layout:V,palette:e,format:t,across:M}=C,{step:i,times:o}=k0(H,e4(C),t.zone);L.font=e.font,L.textBaseline="middle";for(let l of o){L.fillStyle=e.line,r.line(l,V.axis-(V.vertical?4:6),M);let d=Q(H,l),p=i<6e4?t.seconds(l):t.time(l);if(L.fillStyle=e.faint,V.vertical){if(d<8||d>H.length-8)continue;L.textAlign=C.mirroredAcross?"left":"right",L.fillText(p,r.across(V.axis-8,0),d)}else{let c=L.measureText(p).width/2;if(d<c||d>H.length-c)continue;L.textAlign="center",L.fillText(p,d,V.axis/2)}}},t4=(r,L,C)=>{let{context:H,scene:V}=r,{cloud:e}=V.layout,{palette:t,scale:M,now:i}=V,o=C+e.at,l={start:M.start,end:Math.min(M.end,i)};if(l.end>l.start)if(L.footage){H.fillStyle=I2(H,t.line),r.span(l,o,e.size),H.fillStyle=t.footage;for(let p of L.footage)r.span(p,o,e.size,1,2)}else{H.fillStyle=t.line,r.span(l,o+e.size/2-1,2);let p={start:l.start,end:Math.min(l.end,L.onlyMotionBefore??l.start)};H.fillStyle=I2(H,t.line),p.end>p.start&&r.span(p,o,e.size)}H.fillStyle=t.error;for(let p of L.refused)r.span(p,o,e.size,3,2);let{retentionStart:d}=L;if(d!==null&&d>M.start){let p={start:M.start,end:Math.min(d,M.end)};H.fillStyle=t.line,H.globalAlpha=.55,r.span(p,C+1,V.layout.row-2),H.globalAlpha=1}L.lag&&(H.fillStyle=I2(H,t.now),H.globalAlpha=.55,r.span({start:i-L.lag,end:i},o,e.size,1),H.globalAlpha=1)},M4=(r,L,C)=>{let{context:H,scene:V}=r,{icons:e,events:t}=V.layout,{palette:M,scale:i}=V;for(let o of L.events)H.fillStyle=M.events.get(o.look)??M.faint,H.globalAlpha=o.event.is_ready?1:.5,r.span(o,C+t.at,t.size,3,2);H.globalAlpha=1;for(let{mark:o,along:l,count:d}of J5(L.events,i))H.fillStyle=M.events.get(o.look)??M.faint,r.icon(o.look.icon,l,C+e.at,e.size),d>1&&V.layout.vertical&&!V.layout.pictures&&(H.fillStyle=M.faint,H.textAlign=V.mirroredAcross?"right":"left",H.fillText(`×${V.format.count(d)}`,r.across(C+e.at+e.size+3,0),l))},i4=(r,L,C)=>{let{context:H,scene:V}=r,{layout:e,scale:t,palette:M}=V;if(!e.pictures)return;let i=r.across(C+e.pictures.at,e.pictures.size);for(let{mark:o,picture:l,along:d}of X5(L.events,t,Y5(e),V.now)){let[p,c]=e.vertical?[i,d-F.height/2]:[d-F.width/2,i],S=V.thumb(l);H.fillStyle=M.line,S?H.drawImage(S,p,c,F.width,F.height):H.fillRect(p,c,F.width,F.height),H.fillStyle=M.events.get(o.look)??M.faint,e.vertical?H.fillRect(p,c,2,F.height):H.fillRect(p,c+F.height-2,F.width,2)}},Y5=r=>r.vertical?F.height:F.width,o4=(r,L,C)=>{let{context:H,scene:V}=r,{clips:e}=V.layout,{palette:t}=V,M=C+e.at;if(H.fillStyle=t.clip,!r.span(L,M,e.size,3,4))return;H.fillStyle=t.gap;for(let l of L.gaps)r.span(l,M,e.size*.6,2);if(!L.kept)return;let i=r.box(L,M,e.size,3);if(!i)return;let o=V.layout.vertical?i[3]:i[2];o<14||(H.fillStyle=t.onClip,r.icon(p1,(V.layout.vertical?i[1]:i[0])+o/2,M+2,12))},a4=(r,L,C)=>{let{context:H,scene:V}=r,{palette:e}=V,{clips:t}=V.layout,M=L.failed?e.error:e.job,i=r.box(L,C+t.at,t.size,6);if(!i)return;if(H.fillStyle=I2(H,M,2),H.fillRect(...i),H.strokeStyle=M,H.lineWidth=1.5,H.strokeRect(i[0]+.75,i[1]+.75,Math.max(i[2]-1.5,1),Math.max(i[3]-1.5,1)),!L.failed&&L.share){H.fillStyle=M;let p={start:L.start,end:L.start+(L.end-L.start)*L.share};r.span(p,C+t.at,t.size)}let o=L.share===null||L.failed?"":V.format.percent(L.share);if(!o||V.layout.vertical||i[2]<44)return;H.font=e.font,H.textAlign="center";let l=H.measureText(o).width/2+4,d=i[0]+i[2]/2;H.fillStyle=e.ground,H.fillRect(d-l,i[1]+1.5,2*l,i[3]-3),H.fillStyle=e.text,H.fillText(o,d,i[1]+i[3]/2+1)},n4=r=>{let{context:L,scene:C}=r,{scale:H,layout:V,palette:e,now:t,across:M}=C;t<H.start||t>H.end||(L.fillStyle=e.ground,L.globalAlpha=.6,r.span({start:t,end:H.end},V.axis,M-V.axis,0),L.globalAlpha=1,L.fillStyle=e.now,r.line(t,V.axis-6,M,2))},R0=(r,L)=>{let{layout:C,palette:H,rows:V,scale:e,across:t}=L,M=new q5(r,L);C.vertical?r.clearRect(0,0,t,e.length):r.clearRect(0,0,e.length,t),r4(M),V.forEach((i,o)=>{let l=C.axis+o*C.row;r.fillStyle=H.line;let d=M.across(l,1);C.vertical?r.fillRect(d,0,1,e.length):r.fillRect(0,d,e.length,1),t4(M,i,l);for(let p of i.clips)o4(M,p,l);for(let p of i.jobs)a4(M,p,l);M4(M,i,l),i4(M,i,l)}),n4(M)};var A4=120,d4=300,l4=6,j2=class{constructor(L){this._loaded=L;this._known=new Map;this._wanted=[];this._loading=0;this._timer=0}get(L){let C=this._known.get(L);if(C!==void 0)return C??void 0;this._wanted.includes(L)||(this._wanted.push(L),window.clearTimeout(this._timer),this._timer=window.setTimeout(()=>this._load(),A4))}_load(){for(;this._loading<l4;){let L=this._wanted.shift();if(L===void 0)return;this._loading+=1;let C=new Image;C.src=L,C.decode().then(()=>this._keep(L,s4(C))).catch(()=>this._keep(L,null))}}_keep(L,C){this._loading-=1,this._known.set(L,C);let[H]=this._known.keys();this._known.size>d4&&H!==void 0&&this._known.delete(H),C&&this._loaded(),this._load()}},s4=r=>{let L=window.devicePixelRatio||1,C=document.createElement("canvas");C.width=F.width*L,C.height=F.height*L;let H=Math.max(C.width/r.naturalWidth,C.height/r.naturalHeight),V=r.naturalWidth*H,e=r.naturalHeight*H;return C.getContext("2d")?.drawImage(r,(C.width-V)/2,(C.height-e)/2,V,e),C};var p4=400,m4=6,v4=7,c4=84,U2=n2(`${W2}px`),x4=150,u4=180,$0=24,Z4=new Set(["selection","version","_hover","_spoken","_opened"]),h4=new Set(["ArrowRight","ArrowLeft","ArrowUp","ArrowDown"]),k=class extends x{constructor(){super(...arguments);this.rows=[];this.selection=null;this.now=0;this.vertical=!1;this.loading=!1;this.pictures=null;this.version=0;this.offline=!1;this._range={start:0,end:1};this._hover=null;this._opened=null;this._spoken="";this._size={along:0,across:0};this._frame=0;this._mustPaint=!1;this._mirrored=!1;this._hasPictures=!1;this._gesture=null;this._thumbs=new j2(()=>this._schedule());this._pointers=new Map;this._observer=new ResizeObserver(()=>this._measure());this._jobsBefore=new Set;this._saved=null}connectedCallback(){super.connectedCallback(),this._track&&this._observer.observe(this._track)}disconnectedCallback(){super.disconnectedCallback(),this._observer.disconnect(),cancelAnimationFrame(this._frame),this._frame=0,this._endGesture(),this._pointers.clear(),this.pictures?.forget("hover")}reveal(C){let H=this._range.end-this._range.start,V=C.end-C.start,e=V/H*this._size.along<48,t=e?V*6:Math.max(H,V*1.2);if(!e&&C.start>=this._range.start&&C.end<=this._range.end)return;let M=(C.start+C.end)/2,i=this.bounds.end-this.bounds.start,o=W(t,6e4,i),l=Math.min(M+o/2,Math.max(this.now,C.end)+o/8);this._range=N1({start:l-o,end:l},this.bounds)}focusTrack(){this._track?.focus({preventScroll:!0})}willUpdate(C){if(C.has("bounds")){let H=C.get("bounds");(H?.start!==this.bounds.start||H.end!==this.bounds.end)&&(this._range={...this.bounds})}C.has("rows")&&(this._hasPictures=this.rows.some(H=>H.events.some(V=>V.event.picture)),this._readJobs()),C.has("theme")&&(this._palette=void 0),(C.has("format")||C.has("theme"))&&(this._mirrored=getComputedStyle(this).direction==="rtl")}firstUpdated(){this._track&&(this._observer.observe(this._track),this._track.addEventListener("touchmove",C=>this._touchMoved(C),{passive:!1}),this._track.addEventListener("wheel",C=>this._wheel(C),{passive:!1})),this._measure()}updated(C){(C.has("rows")||C.has("vertical"))&&this._measure(),this._schedule([...C.keys()].some(H=>!Z4.has(H)))}get _layout(){let C=this._hasPictures;if(!this.vertical)return B0(C);let H=this._size.across-W2;return T0(Math.max(c4,Math.floor(H/Math.max(this.rows.length,1))),C)}get _scale(){return{start:this._range.start,end:this._range.end,length:Math.max(this._size.along,1),mirrored:this._mirrored&&!this.vertical}}get _across(){let{axis:C,row:H}=this._layout;return C+H*Math.max(this.rows.length,1)}_measure(){let C=this._track;if(!C)return;let H=this.vertical?C.clientHeight:C.clientWidth,V=this.vertical?this.renderRoot.querySelector(".frame")?.clientWidth??0:0;if(H===this._size.along&&V===this._size.across&&this._canvas?.width){this._schedule();return}this._size={along:H,across:V},this.requestUpdate()}_schedule(C=!0){this._mustPaint||=C,this._frame||=requestAnimationFrame(()=>{this._frame=0,this._mustPaint?this._paint():this._placeOverlay()})}_paint(){this._mustPaint=!1;let C=this._canvas;if(!C||!this._size.along)return;let H=C.getContext("2d");if(!H)return;let V=window.devicePixelRatio||1,[e,t]=this.vertical?[this._across,this._size.along]:[this._size.along,this._across];(C.width!==Math.round(e*V)||C.height!==Math.round(t*V))&&(C.width=Math.round(e*V),C.height=Math.round(t*V),C.style.width=`${String(e)}px`,C.style.height=`${String(t)}px`),H.setTransform(V,0,0,V,0,0),R0(H,this._scene()),this._placeOverlay()}_scene(){return this._palette??=this._readPalette(),{layout:this._layout,scale:this._scale,rows:this.rows,now:this.now,format:this.format,palette:this._palette,across:this._across,mirroredAcross:this._mirrored&&this.vertical,thumb:C=>this._thumbs.get(C)}}_readPalette(){let C=getComputedStyle(this),H=this.renderRoot.querySelector(".probe"),V=t=>H?(H.style.color=t,getComputedStyle(H).color):t,e=new Map(Object.values(k5).map(t=>[t,V(`color-mix(in srgb, var(${t.color}, ${t.fallback}) 80%, var(--cd-text))`)]));return{text:V("var(--cd-text)"),faint:V("var(--cd-faint)"),line:V("var(--cd-line)"),ground:V("var(--cd-ground)"),footage:V("color-mix(in srgb, var(--cd-text) 38%, var(--cd-ground))"),clip:V("var(--cd-strong)"),onClip:V("var(--cd-on-strong)"),gap:V("var(--cd-ground)"),job:V("color-mix(in srgb, var(--warning-color, #ffa600) 80%, var(--cd-text))"),error:V("var(--cd-error)"),now:V("color-mix(in srgb, var(--error-color, #db4437) 80%, var(--cd-text))"),font:`12px ${C.fontFamily}`,events:e}}_placeOverlay(){let C=this._overlay,{selection:H}=this;if(!C)return;let V=this._scale,e=H&&H.end>V.start&&H.start<V.end;if(C.hidden=!e,!H||!e)return;let t=Q(V,H.start),M=Q(V,H.end),i=Math.min(t,M),o=Math.max(Math.abs(M-t),2);this.vertical?(C.style.transform=`translateY(${i.toFixed(1)}px)`,C.style.height=`${o.toFixed(1)}px`,C.style.width=""):(C.style.transform=`translateX(${i.toFixed(1)}px)`,C.style.width=`${o.toFixed(1)}px`,C.style.height="");let[l,d]=V.mirrored?[".end",".start"]:[".start",".end"];C.querySelector(`.handle${l}`)?.classList.toggle("inside",i<16),C.querySelector(`.handle${d}`)?.classList.toggle("inside",i+o>V.length-16)}_select(C){this.selection=C,this.dispatchEvent(new CustomEvent("selection-changed",{detail:C}))}get _selectable(){return{start:this.bounds.start,end:Math.max(Math.min(this.bounds.end,this.now+6e4),this.bounds.start+1e3)}}*_points(C){for(let H of this.rows)if(C.includes(H.entityId))for(let V of[H.events,H.clips])for(let e of V)yield e.start,yield e.end;yield this.now}_snapped(C,H){let{start:V,end:e,length:t}=this._scale;return Z0(C,this._points(H),(e-V)/t*v4)}_selectEvent(C,H){let V=M1(H);this._select({...V,entityIds:[C.entityId]}),this.reveal(V),this._spoken=this.localize("timeline.event_selected",{what:r1(this.localize,H.kind),camera:C.name,time:this.format.seconds(V.start),length:this.format.spoken(V.end-V.start)})}_neighbor(C){let{start:H,end:V}=this._range,e=(H+Math.min(V,Math.max(this.now,H)))/2,t=k2(this.rows,this.selection?.start??e,C);t?this._selectEvent(t.row,t.mark):this._spoken=this.localize("timeline.no_more_events")}_point(C){let H=this._track?.getBoundingClientRect();return{x:C.clientX-(H?.left??0),y:C.clientY-(H?.top??0)}}_along(C){return this.vertical?C.y:C.x}_acrossOf(C){return this.vertical?this._mirrored?this._across-C.x:C.x:C.y}_timeAt(C){return Q5(this._scale,this._along(C))}_rowAt(C){let{axis:H,row:V}=this._layout;return Math.floor((this._acrossOf(C)-H)/V)}_pressed(C){if(C.button!==0&&C.button!==1)return;let H=this._point(C);this._pointers.set(C.pointerId,H),this._setHover(null);let V=C.target.dataset.edge;if(this._pointers.size===2){this._endGesture(),this._gesture={kind:"pinching",distance:this._spread()};return}if(this._pointers.size>2)return;if(this._track?.setPointerCapture(C.pointerId),V&&this.selection){this._gesture={kind:"edge",edge:V,grip:this._timeAt(H)-this.selection[V]};return}let e=this._rowAt(H),t=e<0;if(C.button===1||C.shiftKey){C.preventDefault(),this._gesture={kind:"panning",last:this._along(H)};return}let M=C.pointerType==="touch"?window.setTimeout(()=>this._longPressed(H,e),p4):void 0;this._gesture={kind:"pending",at:H,row:e,onAxis:t,timer:M}}_longPressed(C,H){"vibrate"in navigator&&navigator.vibrate(10),this._beginSelection(C,H);let V=this._timeAt(C),e=(this._range.end-this._range.start)/this._size.along*24;this._dragSelection(V+e)}_rowsOf(C){let H=this.rows[C];if(!H)return this.selection?.entityIds??this.rows.map(e=>e.entityId);let V=this.selection?.entityIds??[];return V.includes(H.entityId)?V:[H.entityId]}_beginSelection(C,H){let V=this._rowsOf(H);this._gesture={kind:"selecting",anchor:this._snapped(this._timeAt(C),V),entityIds:V}}_dragSelection(C){if(this._gesture?.kind!=="selecting")return;let{anchor:H,entityIds:V}=this._gesture;this._select({...I5(H,this._snapped(C,V),this._selectable),entityIds:V})}_moved(C){let H=this._point(C),V=this._gesture;if(!this._pointers.has(C.pointerId)){C.pointerType==="mouse"&&this._showHover(H);return}let e=this._pointers.get(C.pointerId)??H;switch(this._pointers.set(C.pointerId,H),V?.kind){case"pending":{if(Math.hypot(H.x-V.at.x,H.y-V.at.y)<m4)return;window.clearTimeout(V.timer),C.pointerType==="touch"||V.onAxis?this._gesture={kind:"panning",last:this._along(H)}:(this._beginSelection(V.at,V.row),this._dragSelection(this._timeAt(H)));return}case"selecting":this._dragSelection(this._timeAt(H)),this._showHover(H);return;case"edge":{if(!this.selection)return;let t=this._snapped(this._timeAt(H)-V.grip,this.selection.entityIds);this._select({...this.selection,...z1(this.selection,V.edge,t,this._selectable)}),this._showHover(H);return}case"panning":this._panPixels(this._along(H)-V.last),V.last=this._along(H);return;case"pinching":{let t=this._spread(),M=this._middle();t>0&&V.distance>0&&(this._zoom(V.distance/t,Q5(this._scale,M)),this._panPixels((this._along(H)-this._along(e))/2)),V.distance=t;return}default:}}_released(C){let H=this._gesture;if(this._pointers.delete(C.pointerId)){if(H?.kind==="pinching"){this._pointers.size||(this._gesture=null);return}this._endGesture(),C.type==="pointerup"&&H?.kind==="pending"&&!H.onAxis&&this._tapped(H.at)}}_endGesture(){this._gesture?.kind==="pending"&&window.clearTimeout(this._gesture.timer),this._gesture&&this._setHover(null),this._gesture=null}_tapped(C){let H=this.rows[this._rowAt(C)];if(!H)return;let V=this._layout,e=(this._acrossOf(C)-V.axis)%V.row,t=Math.abs(e-V.clips.at-V.clips.size/2)<=V.clips.size/2+3,M=(this._range.end-this._range.start)/this._size.along*10,i=this._timeAt(C);if(t){let l=H.jobs.find(p=>p.start-M<=i&&i<=p.end+M);if(l){this._opened=l.job.id;return}let d=H.clips.find(p=>p.start-M<=i&&i<=p.end+M);if(d){this.dispatchEvent(new CustomEvent("clip-opened",{detail:d.clip}));return}}let o=this._eventAt(H,C);o&&this._selectEvent(H,o)}_eventAt(C,H){let V=this._along(H),{pictures:e,axis:t,row:M}=this._layout,i=(this._acrossOf(H)-t)%M-(e?.at??0);if(e&&i>=0&&i<=e.size){let d=Y5(this._layout);return X5(C.events,this._scale,d,this.now).find(p=>Math.abs(p.along-V)<=d/2)?.mark}let o=J5(C.events,this._scale).filter(d=>Math.abs(d.along-V)<=14).sort((d,p)=>Math.abs(d.along-V)-Math.abs(p.along-V))[0];if(o)return o.mark;let l=this._timeAt(H);return C.events.find(d=>d.start<=l&&l<=d.end)}_showHover(C){let H=this._timeAt(C),V=this.rows[this._rowAt(C)];this._setHover({row:V,mark:V&&this._eventAt(V,C),time:H,x:C.x,y:C.y})}_left(){this._setHover(null)}_setHover(C){this._hover=C,C?.row&&!C.mark?.event.picture&&E1(C.row,C.time,this.now)?this.pictures?.want("hover",C.row.entityId,C.time,this._pixels(2)):this.pictures?.forget("hover")}_pixels(C){return(this._range.end-this._range.start)/Math.max(this._size.along,1)*C}_spread(){let[C,H]=[...this._pointers.values()];return C&&H?Math.hypot(C.x-H.x,C.y-H.y):0}_middle(){let[C,H]=[...this._pointers.values()];return C&&H?(this._along(C)+this._along(H))/2:0}_touchMoved(C){let H=this._gesture?.kind;(H==="selecting"||H==="edge"||H==="pinching"||C.touches.length>1)&&C.cancelable&&C.preventDefault()}_wheel(C){let H=C.shiftKey||Math.abs(C.deltaX)>Math.abs(C.deltaY),V=C.deltaMode===WheelEvent.DOM_DELTA_LINE?16:1,e=this._range,t=this._point(C);if(H)this._panPixels(-(C.deltaX||C.deltaY)*V*(this._mirrored?-1:1)*(this._scale.mirrored?-1:1));else{let M=C.ctrlKey?.01:.0016;this._zoom(Math.exp(C.deltaY*V*M),this._timeAt(t))}this._hover&&this._showHover(t),(e.start!==this._range.start||e.end!==this._range.end||C.ctrlKey)&&C.preventDefault()}_panPixels(C){let{start:H,end:V,length:e,mirrored:t}=this._scale,M=(V-H)/e*C*(t?1:-1);this._range=K5(this._range,this.bounds,M)}_zoom(C,H){let{start:V,end:e}=this._range,t=this.selection?(this.selection.start+this.selection.end)/2:null,M=t!==null&&t>=V&&t<=e?t:(V+e)/2;this._range=y0(this._range,this.bounds,C,H??M)}get _isWhole(){return this._range.start===this.bounds.start&&this._range.end===this.bounds.end}_key(C){if(C.altKey||C.ctrlKey||C.metaKey||C.defaultPrevented)return;let{key:H}=C;if(H==="+"||H==="=")this._zoom(.5);else if(H==="-")this._zoom(2);else if(H==="0")this._range={...this.bounds};else if(H==="]"||H===".")this._neighbor(!0);else if(H==="["||H===",")this._neighbor(!1);else if(H==="Escape"&&this.selection)this._select(null);else{if(C.target!==this._track)return;if(H==="Home")this._range=N1({...this._range,...this._shifted(this.bounds.start)},this.bounds);else if(H==="End")this._range=N1(this._shifted(this.bounds.end),this.bounds);else if(H==="Enter"||H===" ")this._selectMiddle();else if(h4.has(H)){let V=(this._range.end-this._range.start)/10,e=W5(H,!0,this._scale.mirrored,this.vertical)??0;this._range=K5(this._range,this.bounds,Math.sign(e)*V)}else return}C.preventDefault()}_shifted(C){return{start:C,end:C+this._range.end-this._range.start}}_selectMiddle(){let{start:C,end:H}=this._range,V=Math.min(H,this._selectable.end),e=(C+V)/2,t=Math.max((H-C)/20,5e3);this._select({...I5(e-t,e+t,this._selectable),entityIds:this._rowsOf(-1)}),this.updateComplete.then(()=>{this._paint(),this.renderRoot.querySelector(".handle")?.focus()})}_edgeKey(C,H){if(!this.selection||C.altKey||C.ctrlKey||C.metaKey)return;let V=W5(C.key,C.shiftKey,this._scale.mirrored,this.vertical),e=V===null?null:this.selection[H]+V;if(C.key==="Home"&&(e=H==="start"?this._selectable.start:this.selection.start),C.key==="End"&&(e=H==="end"?this._selectable.end:this.selection.end),e===null)return;C.preventDefault(),C.stopPropagation();let t=z1(this.selection,H,e,this._selectable);this._select({...this.selection,...t}),(this.selection[H]<this._range.start||this.selection[H]>this._range.end)&&this.reveal(t)}render(){let{localize:C}=this,H=this.localize("timeline.label",{from:this.format.time(this._range.start),to:this.format.time(this._range.end),date:this.format.date(this.bounds.start)});return n`
      <div class="tools">
        <slot name="presets"></slot>
        <div class="buttons" role="group" aria-label=${C("timeline.tools")}>
        ${this._tool("timeline.previous_event",L2,()=>this._neighbor(!1))}
        ${this._tool("timeline.next_event",V2,()=>this._neighbor(!0))}
        ${this._tool("timeline.zoom_out",Z5,()=>this._zoom(2),this._isWhole)}
        ${this._tool("timeline.zoom_in",h5,()=>this._zoom(.5))}
        ${this._tool("timeline.whole_day",this.vertical?r5:X1,()=>this._range={...this.bounds},this._isWhole)}
        </div>
      </div>
      <div class="frame">
        <div class="labels">${this.rows.map(V=>this._label(V))}</div>
        <div
          class="track ${this._isWhole?"whole":""}"
          role="group"
          tabindex="0"
          aria-label=${H}
          aria-describedby="help"
          style=${this.vertical?`width: ${String(this._across)}px`:`height: ${String(this._across)}px`}
          @pointerdown=${this._pressed}
          @pointermove=${this._moved}
          @pointerup=${this._released}
          @pointercancel=${this._released}
          @pointerleave=${this._left}
          @contextmenu=${this._noMenu}
          @keydown=${this._key}
        >
          <canvas aria-hidden="true"></canvas>
          <div class="selection" hidden>
            ${this._band()} ${this._handle("start")} ${this._handle("end")}
          </div>
          ${this._tip()} ${this.loading?n`<div class="shimmer"></div>`:s}
        </div>
        <div class="over">${this._job()}</div>
      </div>
      <p id="help" class="hidden-text">${C("timeline.help")}</p>
      <p class="hidden-text" role="status">${this._spoken}</p>
      <span class="probe" hidden></span>
    `}_tool(C,H,V,e=!1){let t=this.localize(C);return n`<button class="icon" aria-label=${t} title=${t} ?disabled=${e} @click=${V}>
      ${v(H)}
    </button>`}_label(C){let H=this.selection?.entityIds.includes(C.entityId)??!1;return n`<div class="label ${H?"chosen":""}" style=${this._labelStyle()} title=${C.name}>
      <span dir="auto">${C.name}</span>
    </div>`}_labelStyle(){let C=`${String(this._layout.row)}px`;return this.vertical?`width: ${C}`:`height: ${C}`}_band(){let{axis:C,row:H}=this._layout,V=this.selection?.entityIds??[];return n`${this.rows.map((e,t)=>{if(!V.includes(e.entityId))return s;let M=`${String(C+t*H)}px`,i=`${String(H)}px`;return n`<div
        class="band"
        style=${this.vertical?`inset-inline-start: ${M}; width: ${i}`:`top: ${M}; height: ${i}`}
      ></div>`})}`}_handle(C){let{selection:H,format:V,localize:e}=this,t=this._selectable,M=H?.[C]??t.start,i=e("timeline.edge_value",{time:V.seconds(M),length:V.spoken(H?H.end-H.start:0)});return n`<div
      class="handle ${C}"
      data-edge=${C}
      role="slider"
      tabindex="0"
      aria-label=${e(C==="start"?"timeline.start_edge":"timeline.end_edge")}
      aria-orientation=${this.vertical?"vertical":"horizontal"}
      aria-valuemin=${Math.round(t.start/1e3)}
      aria-valuemax=${Math.round(t.end/1e3)}
      aria-valuenow=${Math.round(M/1e3)}
      aria-valuetext=${i}
      @keydown=${o=>this._edgeKey(o,C)}
    ></div>`}_tip(){let C=this._hover,H=this._gesture?.kind;if(!C||H&&H!=="selecting"&&H!=="edge")return s;let{row:V,mark:e}=C,t=H?this._nearestEdge(C.time):C.time,i=this._range.end-this._range.start<4*36e5||H!==void 0?this.format.seconds(t):this.format.time(t),o=V?this._shotOf(V,e,t):null,l=this._track?.clientWidth??0,d=!e&&!H?this._note(V,t,o):"",p=d.length>40?150:o?90:70,c=W(C.x,p,Math.max(l-p,p)),S=C.y<(o?x4:40)?`${String(C.y+22)}px`:`calc(${String(C.y-10)}px - 100%)`,y=`transform: translate(calc(${String(c)}px - 50%), ${S})`;return n`<div class="tip" aria-hidden="true" style=${y}>
      ${o?n`<img src=${o.picture} alt="" />`:s}
      ${e&&!H?n`<b>${r1(this.localize,e.kind)}</b> ${this.format.seconds(e.start)}
            ${e.end>e.start?`· ${this.format.length(e.end-e.start)}`:s}`:n`<b>${i}</b> ${H&&this.selection?`· ${this.format.length(this.selection.end-this.selection.start)}`:d}`}
    </div>`}_nearestEdge(C){let{start:H,end:V}=this.selection??{start:C,end:C};return Math.abs(H-C)<Math.abs(V-C)?H:V}_shotOf(C,H,V){return H?.event.picture&&!this._gesture?{picture:H.event.picture,at:H.start}:this.pictures?.near(C.entityId,V,this._pixels($0))??T2(C,V,this._pixels($0))}_note(C,H,V){if(V)return Math.abs(V.at-H)>=6e4?this.localize("timeline.picture_of",{time:this.format.seconds(V.at)}):"";if(!C)return"";let e=F5(C,H,this.now);switch(e){case"refused":return M2(C,{start:H,end:H})?.reason??"";case"none":case"gone":case"only_motion":case"not_yet":return this.localize(`timeline.${e}`);default:return""}}_readJobs(){let C=this.rows.flatMap(e=>e.jobs);this._opened!==null&&!C.some(({job:e})=>e.id===this._opened)&&(this._opened=null);let H=this._saved,V=H&&C.find(e=>!this._jobsBefore.has(e.job.id)&&e.start===H.start&&e.end===H.end);V&&(this._opened=V.job.id,this._saved=null),this._jobsBefore=new Set(C.map(({job:e})=>e.id))}follow(C){this._saved=C;let H=this.rows.flatMap(V=>V.jobs).find(V=>V.start===C.start&&V.end===C.end);!H||H.failed||(this._opened=H.job.id,this._saved=null)}_job(){let C=this.rows.findIndex(e=>e.jobs.some(({job:t})=>t.id===this._opened)),H=this.rows[C],V=H?.jobs.find(({job:e})=>e.id===this._opened);return!H||!V||V.end<this.bounds.start||V.start>this.bounds.end?s:n`<clip-download-job
      class="job"
      style=${this._jobPlace(V,C)}
      .job=${V.job}
      .row=${H}
      .format=${this.format}
      .localize=${this.localize}
      .now=${this.now}
      .offline=${this.offline}
      @closed=${()=>this._closeJob()}
      @cancel=${this._passJob}
      @retry=${this._passJob}
      @sign-in=${this._passJob}
      @window-chosen=${this._passJob}
      @keydown=${e=>e.key==="Escape"&&this._closeJob()}
    ></clip-download-job>`}_jobPlace(C,H){let V=W(Q(this._scale,(C.start+C.end)/2),0,this._size.along),{axis:e,row:t,clips:M}=this._layout;if(this.vertical)return`top: ${String(Math.round(W(V+12,0,Math.max(this._size.along-u4,0))))}px`;let i=W(V-150,0,Math.max(this._size.along-300,0));return`left: ${String(Math.round(i))}px; top: ${String(e+H*t+M.at+M.size+6)}px`}_closeJob(){this._opened=null,this.focusTrack()}_passJob(C){C.type!=="cancel"&&this._closeJob(),this.dispatchEvent(new CustomEvent(C.type,{detail:C.detail}))}_noMenu(C){this._gesture&&C.preventDefault()}};k.styles=[f,Z`
      :host {
        display: block;
      }
      .tools {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 16px;
        margin-bottom: 4px;
      }
      .buttons {
        display: flex;
        margin-inline-start: auto;
      }
      :host([vertical]) .buttons {
        width: 100%;
        justify-content: space-between;
      }
      .frame {
        display: flex;
        position: relative;
      }
      .labels {
        flex: none;
        width: 132px;
        padding-top: 28px;
      }
      .label {
        display: flex;
        align-items: center;
        padding-inline-end: 12px;
        font-weight: 500;
        border-top: 1px solid var(--cd-line);
      }
      .label span {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        overflow-wrap: anywhere;
      }
      .label.chosen {
        color: var(--cd-link);
      }
      .track {
        position: relative;
        flex: 1;
        min-width: 0;
        overflow: clip;
        cursor: crosshair;
        user-select: none;
        -webkit-user-select: none;
        -webkit-touch-callout: none;
        touch-action: pan-y;
        border-radius: 4px;
      }
      canvas {
        display: block;
        pointer-events: none;
      }
      .selection {
        position: absolute;
        inset: 28px auto 0 0;
        pointer-events: none;
        will-change: transform;
      }
      .selection::before {
        content: "";
        position: absolute;
        inset: 0;
        background: var(--cd-primary);
        opacity: 0.1;
        border-inline: 2px solid var(--cd-link);
      }
      .band {
        position: absolute;
        inset-inline: 0;
        margin-top: -28px;
        background: var(--cd-primary);
        opacity: 0.2;
      }
      .handle {
        position: absolute;
        pointer-events: auto;
        top: 0;
        bottom: 0;
        width: 44px;
        cursor: ew-resize;
        touch-action: none;
      }
      /* The one lies before the window, the other behind: they never cover each other. */
      .handle.start {
        inset-inline-end: calc(100% - 4px);
      }
      .handle.end {
        inset-inline-start: calc(100% - 4px);
      }
      .handle::after {
        content: "";
        position: absolute;
        top: 50%;
        width: 14px;
        height: 40px;
        transform: translateY(-50%);
        border-radius: 7px;
        background:
          linear-gradient(var(--cd-on-strong), var(--cd-on-strong)) center / 2px 16px no-repeat,
          var(--cd-strong);
        box-shadow: 0 0 0 2px var(--cd-ground);
      }
      .handle.start::after {
        inset-inline-end: 0;
      }
      .handle.end::after {
        inset-inline-start: 0;
      }
      .handle.start.inside,
      .handle.start.inside::after {
        inset-inline: 0 auto;
      }
      .handle.end.inside,
      .handle.end.inside::after {
        inset-inline: auto 0;
      }
      .handle:focus-visible {
        outline: none;
      }
      .handle:focus-visible::after {
        outline: 3px solid var(--cd-link);
        outline-offset: 3px;
      }
      .tip {
        position: absolute;
        inset: 0 auto auto 0;
        contain: layout;
        will-change: transform;
        pointer-events: none;
        background: var(--cd-ground);
        color: var(--cd-text);
        border: 1px solid var(--cd-line);
        border-radius: var(--cd-radius);
        padding: 4px 8px;
        font-size: 12px;
        line-height: 16px;
        width: max-content;
        max-width: 280px;
        overflow-wrap: anywhere;
        box-shadow: 0 2px 8px rgba(0, 0, 0, 0.25);
        z-index: 1;
      }
      .tip img {
        display: block;
        width: 160px;
        height: 90px;
        object-fit: cover;
        margin: -4px -8px 4px;
        border-radius: 7px 7px 0 0;
      }
      .over {
        position: absolute;
        inset-block: 0;
        inset-inline: 132px 0;
        pointer-events: none;
      }
      :host([vertical]) .over {
        inset-inline: 0;
        top: 44px;
      }
      .job {
        position: absolute;
        pointer-events: auto;
        z-index: 2;
      }
      :host([vertical]) .job {
        inset-inline-end: 0;
        width: min(300px, calc(100% - ${U2}));
      }
      .shimmer {
        position: absolute;
        inset: 28px 0 0;
        background: linear-gradient(90deg, transparent, var(--cd-soft), transparent) 0 0 / 50% 100% no-repeat;
        animation: shimmer 1.4s linear infinite;
        pointer-events: none;
      }
      @keyframes shimmer {
        from {
          background-position: -100% 0;
        }
        to {
          background-position: 200% 0;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .shimmer {
          animation: none;
        }
      }

      :host([vertical]) .frame {
        display: block;
        overflow-x: auto;
      }
      :host([vertical]) .labels {
        display: flex;
        width: max-content;
        padding: 0;
        padding-inline-start: ${U2};
      }
      :host([vertical]) .label {
        min-height: 44px;
        padding: 4px 6px;
        border: 0;
        border-inline-start: 1px solid var(--cd-line);
        font-size: 13px;
        line-height: 16px;
      }
      :host([vertical]) .track {
        height: var(--clip-download-timeline-height, 52vh);
        min-height: 320px;
        touch-action: none;
      }
      /* A whole day cannot be moved: the page may. */
      :host([vertical]) .track.whole {
        touch-action: pan-y;
      }
      :host([vertical]) .selection {
        inset: 0 0 auto 0;
        inset-inline-start: ${U2};
      }
      :host([vertical]) .selection::before {
        border: 0;
        border-block: 2px solid var(--cd-link);
      }
      :host([vertical]) .band {
        inset-block: 0;
        inset-inline: auto;
        margin: 0;
        margin-inline-start: -${U2};
      }
      :host([vertical]) .handle {
        inset: auto 0;
        width: auto;
        height: 44px;
        cursor: ns-resize;
      }
      :host([vertical]) .handle.start {
        bottom: calc(100% - 4px);
      }
      :host([vertical]) .handle.end {
        top: calc(100% - 4px);
      }
      :host([vertical]) .handle.inside {
        inset-inline: 0;
      }
      :host([vertical]) .handle.start.inside {
        inset-block: 0 auto;
      }
      :host([vertical]) .handle.end.inside {
        inset-block: auto 0;
      }
      :host([vertical]) .handle::after {
        top: auto;
        inset-inline: auto;
        left: 50%;
        width: 40px;
        height: 14px;
        transform: translateX(-50%);
        background:
          linear-gradient(var(--cd-on-strong), var(--cd-on-strong)) center / 16px 2px no-repeat,
          var(--cd-strong);
      }
      :host([vertical]) .handle.start::after {
        bottom: 0;
      }
      :host([vertical]) .handle.end::after {
        top: 0;
      }
      :host([vertical]) .handle.inside::after {
        inset-inline: auto;
        left: 50%;
      }
      :host([vertical]) .handle.start.inside::after {
        inset-block: 0 auto;
      }
      :host([vertical]) .handle.end.inside::after {
        inset-block: auto 0;
      }
    `],a([A({attribute:!1})],k.prototype,"rows",2),a([A({attribute:!1})],k.prototype,"bounds",2),a([A({attribute:!1})],k.prototype,"selection",2),a([A({attribute:!1})],k.prototype,"format",2),a([A({attribute:!1})],k.prototype,"localize",2),a([A({type:Number})],k.prototype,"now",2),a([A({type:Boolean,reflect:!0})],k.prototype,"vertical",2),a([A({type:Boolean})],k.prototype,"loading",2),a([A({attribute:!1})],k.prototype,"pictures",2),a([A({type:Number})],k.prototype,"version",2),a([A({type:Boolean})],k.prototype,"offline",2),a([A({attribute:!1})],k.prototype,"theme",2),a([u()],k.prototype,"_range",2),a([u()],k.prototype,"_hover",2),a([u()],k.prototype,"_opened",2),a([u()],k.prototype,"_spoken",2),a([O("canvas")],k.prototype,"_canvas",2),a([O(".track")],k.prototype,"_track",2),a([O(".selection")],k.prototype,"_overlay",2);var S4={"clip-download-timeline":k,"clip-download-job":q,"clip-download-shot":G,"clip-download-save":E,"clip-download-jobs":U,"clip-download-clips":B,"clip-download-footage":T,"clip-download-head":j,"clip-download-notices":H1,"clip-download-dialog":m1,"clip-download-filters":C1,"clip-download-label":K,"clip-download-player":P,"clip-download-share":R,"clip-download-view":$,"clip-download-panel":a1,"clip-download-card":f1,"clip-download-card-editor":b1,"ll-strategy-dashboard-clip-download":N2},g4=()=>{let r=L=>N(document.documentElement.lang||"en")(L);(window.customCards??=[]).push({type:"clip-download-card",get name(){return r("card.name")},get description(){return r("description")},preview:!1,getEntitySuggestion:(L,C)=>e5(L,C)?{label:N(L.locale.language)("card.suggestion"),config:{type:"custom:clip-download-card",entities:[C]}}:null}),(window.customStrategies??=[]).push({type:"clip-download",strategyType:"dashboard",get name(){return r("strategy.name")},get description(){return r("strategy.description")}})};if(!customElements.get("clip-download-card")){for(let[r,L]of Object.entries(S4))customElements.define(r,L);g4()}
/*! Bundled license information:

@lit/reactive-element/css-tag.js:
  (**
   * @license
   * Copyright 2019 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)

@lit/reactive-element/reactive-element.js:
lit-html/lit-html.js:
lit-element/lit-element.js:
@lit/reactive-element/decorators/custom-element.js:
@lit/reactive-element/decorators/property.js:
@lit/reactive-element/decorators/state.js:
@lit/reactive-element/decorators/event-options.js:
@lit/reactive-element/decorators/base.js:
@lit/reactive-element/decorators/query.js:
@lit/reactive-element/decorators/query-all.js:
@lit/reactive-element/decorators/query-async.js:
@lit/reactive-element/decorators/query-assigned-nodes.js:
lit-html/directive.js:
lit-html/directives/repeat.js:
  (**
   * @license
   * Copyright 2017 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)

lit-html/is-server.js:
  (**
   * @license
   * Copyright 2022 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)

@lit/reactive-element/decorators/query-assigned-elements.js:
  (**
   * @license
   * Copyright 2021 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)

lit-html/directive-helpers.js:
  (**
   * @license
   * Copyright 2020 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)
*/
